import { Code, ConnectError } from "@connectrpc/connect";
import { useMutation } from "@connectrpc/connect-query";
import { Alert, Button, PasswordInput, Stack, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import { Language } from "../ui/Language";
import { useSession, useSignOut } from "./session";

const SHORTEST = 10;

/** The person's own page: language, password, sign-out. */
export default function Profile() {
  const { t } = useTranslation();
  const { person } = useSession();
  const signOut = useSignOut();
  return (
    <>
      <div className="title">
        <Title order={1}>{t("profile.title")}</Title>
        <Button variant="default" onClick={() => signOut.mutate({})} loading={signOut.isPending}>
          {t("profile.signout")}
        </Button>
      </div>
      <div className="facts">
        <section className="panel">
          <Title order={2}>{person.name || person.login}</Title>
          <dl className="pairs">
            <dt>{t("signin.login")}</dt>
            <dd>{person.login}</dd>
            <dt>{t("profile.organisation")}</dt>
            <dd>{person.organisation}</dd>
          </dl>
          <div style={{ marginTop: 16, maxWidth: 220 }}>
            <Language label />
          </div>
        </section>
        <section className="panel">
          <Title order={2}>{t("profile.password")}</Title>
          <ChangePassword />
        </section>
      </div>
    </>
  );
}

function ChangePassword() {
  const { t } = useTranslation();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [checked, setChecked] = useState(false);
  const change = useMutation(AccessService.method.changePassword, {
    onSuccess: () => {
      setCurrent("");
      setNext("");
      setAgain("");
      setChecked(false);
    },
  });
  const short = [...next].length < SHORTEST;
  const differ = next !== again;

  const submit = (e: FormEvent) => {
    e.preventDefault();
    setChecked(true);
    if (!short && !differ) change.mutate({ current, next });
  };

  const toggle = { "aria-label": t("signin.show") };
  return (
    <form onSubmit={submit} aria-label={t("profile.password")}>
      <Stack gap="sm" mt="sm" maw={320}>
        <PasswordInput
          label={t("profile.current")}
          value={current}
          onChange={(e) => setCurrent(e.currentTarget.value)}
          autoComplete="current-password"
          visibilityToggleButtonProps={toggle}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label={t("profile.next")}
          description={t("profile.shortest", { count: SHORTEST })}
          error={checked && short ? t("profile.short") : undefined}
          value={next}
          onChange={(e) => setNext(e.currentTarget.value)}
          autoComplete="new-password"
          visibilityToggleButtonProps={toggle}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label={t("profile.again")}
          error={checked && !short && differ ? t("profile.differ") : undefined}
          value={again}
          onChange={(e) => setAgain(e.currentTarget.value)}
          autoComplete="new-password"
          visibilityToggleButtonProps={toggle}
          required
          withAsterisk={false}
        />
        {change.error && (
          <Alert color="gray" variant="outline" role="alert">
            {troubleOf(change.error) === "unreachable"
              ? t("signin.unreachable")
              : isWrongPassword(change.error)
                ? t("profile.wrong")
                : ConnectError.from(change.error).code === Code.InvalidArgument
                  ? t("profile.weak")
                  : t("signin.refused", { code: codeOf(change.error) })}
          </Alert>
        )}
        {change.isSuccess && !next && (
          <Alert color="gray" variant="outline" role="status">
            {t("profile.changed")}
          </Alert>
        )}
        <Button type="submit" loading={change.isPending} style={{ alignSelf: "flex-start" }}>
          {t("profile.change")}
        </Button>
      </Stack>
    </form>
  );
}

function isWrongPassword(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return code === Code.PermissionDenied || code === Code.Unauthenticated;
}
