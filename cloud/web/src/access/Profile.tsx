import { useMutation } from "@connectrpc/connect-query";
import {
  Button,
  Loader,
  type MantineColorScheme,
  SegmentedControl,
  Stack,
  TextInput,
  Title,
  useMantineColorScheme,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { AccessService, type GetSecurityResponse } from "../gen/cabinet/v1/access_pb";
import { langOf } from "../ui/format";
import { Language } from "../ui/Language";
import { Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { ofMicros } from "./Codes";
import { Contacts } from "./Contacts";
import { Devices } from "./Devices";
import { Said } from "./Entry";
import { Factors } from "./Factors";
import { PasswordNow } from "./fields";
import { fieldOf } from "./guard";
import { NewPassword } from "./NewPassword";
import { useFresh, useSecurity } from "./security";
import { useSession, useSignOut } from "./session";
import { useSay } from "./trouble";
import "./access.css";

/** The person's own page: who they are, how they come in, and where from. */
export default function Profile() {
  const { t } = useTranslation();
  const signOut = useSignOut();
  const security = useSecurity();
  return (
    <>
      <div className="title">
        <Title order={1}>{t("profile.title")}</Title>
        <Button variant="default" onClick={() => signOut.mutate({})} loading={signOut.isPending}>
          {t("profile.signout")}
        </Button>
      </div>
      {security.error && !security.data ? (
        <Unread error={security.error} onRetry={() => void security.refetch()} />
      ) : !security.data ? (
        <Loader aria-label={t("loading")} />
      ) : (
        <>
          <div className="facts">
            <About security={security.data} />
            <Contacts security={security.data} />
            <Factors security={security.data} />
            <ChangePassword security={security.data} />
          </div>
          <Devices />
        </>
      )}
    </>
  );
}

function About({ security }: { security: GetSecurityResponse }) {
  const { t, i18n } = useTranslation();
  const { person } = useSession();
  const fresh = useFresh();
  const was = security.name || person.name;
  const [name, setName] = useState(was);
  const set = useMutation(AccessService.method.setProfile, { onSuccess: fresh });
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const say = useSay({ wrong: t("access.signup.empty") });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    set.mutate({ name: name.trim(), language: langOf(i18n.language) });
  };
  const titleId = "profile-about";
  return (
    <section className="panel" aria-labelledby={titleId}>
      <Title order={2} id={titleId}>
        {t("access.me.about")}
      </Title>
      <form onSubmit={submit} aria-label={t("access.me.about")}>
        <Stack gap="sm" mt="sm" maw={320}>
          <TextInput
            label={t("access.me.name")}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            autoComplete="name"
            maxLength={200}
            required
            withAsterisk={false}
          />
          {set.error && <Said>{say(set.error)}</Said>}
          <div style={{ display: "flex", alignItems: "center", gap: 12 }}>
            <Button type="submit" variant="default" loading={set.isPending} disabled={name.trim() === was}>
              {t("access.save")}
            </Button>
            <span role="status" className="quiet">
              {set.isSuccess && name.trim() === was && t("access.me.saved")}
            </span>
          </div>
        </Stack>
      </form>
      <dl className="pairs">
        <dt>{t("access.me.login")}</dt>
        <dd>{security.login || person.login}</dd>
        <dt>{t("profile.organisation")}</dt>
        <dd>{person.organisation}</dd>
      </dl>
      <Stack gap="sm" mt="sm" maw={320}>
        <Language label />
        <div>
          <div className="fieldlabel" id="profile-look">
            {t("shell.scheme.title")}
          </div>
          <SegmentedControl
            size="xs"
            aria-labelledby="profile-look"
            value={colorScheme}
            onChange={(v) => setColorScheme(v as MantineColorScheme)}
            data={(["auto", "light", "dark"] as const).map((s) => ({
              value: s,
              label: t(`shell.scheme.${s}`),
            }))}
          />
        </div>
      </Stack>
    </section>
  );
}

function ChangePassword({ security }: { security: GetSecurityResponse }) {
  const { t } = useTranslation();
  const fresh = useFresh();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useMutation(AccessService.method.changePassword, {
    onSuccess: async () => {
      setCurrent("");
      setNext("");
      await fresh();
    },
  });
  const weak = change.error && fieldOf(change.error) === "password";
  const say = useSay({ wrong: t("profile.wrong") });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    change.mutate({ current, next });
  };
  const titleId = "profile-password";
  return (
    <section className="panel" aria-labelledby={titleId}>
      <Title order={2} id={titleId}>
        {t("profile.password")}
      </Title>
      {security.passwordAt > 0n && (
        <div className="small quiet">
          {t("access.me.passwordAt")} <When at={ofMicros(security.passwordAt)} />
        </div>
      )}
      <form onSubmit={submit} aria-label={t("profile.password")}>
        <Stack gap="sm" mt="sm" maw={320}>
          <input type="hidden" autoComplete="username" value={security.login} readOnly />
          <PasswordNow label={t("profile.current")} value={current} onChange={setCurrent} required />
          <NewPassword
            label={t("profile.next")}
            value={next}
            onChange={setNext}
            error={weak ? t("profile.weak") : undefined}
            size="sm"
          />
          {change.error && !weak && <Said>{say(change.error)}</Said>}
          {change.isSuccess && !next && <Said alert={false}>{t("profile.changed")}</Said>}
          <Button type="submit" loading={change.isPending} style={{ alignSelf: "flex-start" }}>
            {t("profile.change")}
          </Button>
        </Stack>
      </form>
    </section>
  );
}
