import { Code, ConnectError } from "@connectrpc/connect";
import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Checkbox, Loader, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { troubleOf } from "../app/transport";
import { AccessService, type Challenge } from "../gen/cabinet/v1/access_pb";
import { Unread } from "../ui/Nothing";
import { Entry, Said } from "./Entry";
import { useCameIn, useEntrance } from "./entrance";
import { FactorStep } from "./Factor";
import { LoginInput, PasswordNow } from "./fields";
import { canPasskeys, showPasskey } from "./passkeys";
import { useSay } from "./trouble";

/** The page of who is not signed in. */
export default function SignIn() {
  const { t } = useTranslation();
  const cameIn = useCameIn();
  const entrance = useEntrance().data;
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [remember, setRemember] = useState(false);
  const [params, setParams] = useSearchParams();
  // Who came by the other sign-in brings a ticket, or word that it did not work.
  const ticket = params.get("ticket") ?? "";
  const brought = useQuery(
    AccessService.method.getChallenge,
    { ticket },
    { enabled: ticket !== "", retry: false, staleTime: Number.POSITIVE_INFINITY },
  );
  const [asked, setAsked] = useState<Challenge>();
  const challenge = asked ?? (ticket ? brought.data?.challenge : undefined);
  const [refused, setRefused] = useState(false);
  const signIn = useMutation(AccessService.method.signIn, {
    onSuccess: (r) => (r.challenge ? setAsked(r.challenge) : cameIn()),
  });
  const begin = useMutation(AccessService.method.beginPasskeySignIn);
  const finish = useMutation(AccessService.method.finishPasskeySignIn, { onSuccess: cameIn });

  const submit = (e: FormEvent) => {
    e.preventDefault();
    setRefused(false);
    signIn.mutate({ login: login.trim(), password, remember });
  };
  const byPasskey = async () => {
    setRefused(false);
    signIn.reset();
    try {
      const { ticket, options } = await begin.mutateAsync({});
      const credential = await showPasskey(options);
      if (credential) await finish.mutateAsync({ ticket, credential, remember });
      else setRefused(true);
    } catch (error) {
      if (!(error instanceof ConnectError)) setRefused(true);
    }
  };
  const say = useSay({ wrong: t("signin.wrong") });
  const sayPasskey = useSay({ wrong: t("access.refusedPasskey") });

  if (challenge) {
    return (
      <Entry title={t("access.factor.title")}>
        <FactorStep
          challenge={challenge}
          onDone={() => void cameIn()}
          onAgain={() => {
            setAsked(undefined);
            setParams({}, { replace: true });
            setPassword("");
            signIn.reset();
          }}
        />
      </Entry>
    );
  }
  if (ticket && brought.isPending) {
    return (
      <Entry title={t("access.factor.title")}>
        <Loader aria-label={t("loading")} />
      </Entry>
    );
  }
  if (ticket && brought.error && troubleOf(brought.error) === "unreachable") {
    return (
      <Entry title={t("access.factor.title")}>
        <Unread error={brought.error} onRetry={() => void brought.refetch()} />
      </Entry>
    );
  }
  const passkeyError = begin.error ?? finish.error;
  return (
    <Entry>
      <form onSubmit={submit} aria-label={t("signin.title")}>
        <Stack gap="md">
          <LoginInput label={t("access.login")} value={login} onChange={setLogin} />
          <PasswordNow value={password} onChange={setPassword} size="md" required />
          <Checkbox
            label={t("access.remember")}
            description={t("access.rememberWhat")}
            checked={remember}
            onChange={(e) => setRemember(e.currentTarget.checked)}
          />
          {signIn.error ? (
            <Said>{say(signIn.error)}</Said>
          ) : passkeyError && ConnectError.from(passkeyError).code !== Code.Canceled ? (
            <Said>{sayPasskey(passkeyError)}</Said>
          ) : (
            (refused || brought.error || params.get("error") === "oidc") && (
              <Said>
                {t(
                  refused
                    ? "access.refusedPasskey"
                    : brought.error
                      ? "access.factor.over"
                      : "access.oidcFailed",
                )}
              </Said>
            )
          )}
          <Button type="submit" size="md" loading={signIn.isPending} fullWidth>
            {t("signin.enter")}
          </Button>
        </Stack>
      </form>
      {entrance?.passkeys && canPasskeys() && (
        <Button
          variant="default"
          size="md"
          onClick={() => void byPasskey()}
          loading={begin.isPending}
          fullWidth
        >
          {t("access.passkeyIn")}
        </Button>
      )}
      {entrance?.oidc && (
        <Button component="a" href="/oidc/start" variant="default" size="md" fullWidth>
          {t("access.oidc", { name: entrance.oidc })}
        </Button>
      )}
      <div className="links">
        <Link to="/reset">{t("access.forgot")}</Link>
        {entrance?.signUp && <Link to="/sign-up">{t("access.signup.start")}</Link>}
      </div>
    </Entry>
  );
}
