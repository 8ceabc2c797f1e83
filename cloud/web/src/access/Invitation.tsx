import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Checkbox, Loader, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { troubleOf } from "../app/transport";
import { AccessService, type Challenge } from "../gen/cabinet/v1/access_pb";
import { contact, langOf } from "../ui/format";
import { Nothing, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { ofMicros } from "./Codes";
import { Entry, Said } from "./Entry";
import { useCameIn, useEntrance } from "./entrance";
import { FactorStep } from "./Factor";
import { PasswordNow, ToSignIn } from "./fields";
import { fieldOf } from "./guard";
import { NewPassword } from "./NewPassword";
import { useWhoAmI } from "./session";
import { useSay } from "./trouble";
import "./access.css";

/** Joining an organisation by the link of an invitation: as somebody new, or as who one is already. */
export default function Invitation() {
  const { t, i18n } = useTranslation();
  const { token = "" } = useParams();
  const navigate = useNavigate();
  const cameIn = useCameIn();
  const entrance = useEntrance().data;
  const here = useWhoAmI().data?.person;
  const invitation = useQuery(AccessService.method.getInvitation, { token }, { retry: false });
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [terms, setTerms] = useState(false);
  const [checked, setChecked] = useState(false);
  const [challenge, setChallenge] = useState<Challenge>();
  const done = async () => {
    navigate("/", { replace: true });
    await cameIn();
  };
  const accept = useMutation(AccessService.method.acceptInvitation, {
    onSuccess: (r) => (r.challenge ? setChallenge(r.challenge) : done()),
  });
  const say = useSay({ wrong: t("signin.wrong"), over: t("access.invite.gone") });
  const title = t("access.invite.title");

  if (challenge) {
    return (
      <Entry title={t("access.factor.title")}>
        <FactorStep
          challenge={challenge}
          onDone={() => void done()}
          onAgain={() => navigate("/", { replace: true })}
        />
      </Entry>
    );
  }
  if (invitation.error) {
    const gone = troubleOf(invitation.error) !== "unreachable";
    return (
      <Entry title={title}>
        {gone ? (
          <Nothing title={t("access.invite.gone")} text={t("access.invite.goneTodo")} act={<ToSignIn />} />
        ) : (
          <Unread error={invitation.error} onRetry={() => void invitation.refetch()} />
        )}
      </Entry>
    );
  }
  const i = invitation.data;
  if (!i) {
    return (
      <Entry title={title}>
        <Loader aria-label={t("loading")} />
      </Entry>
    );
  }
  const fresh = !i.known && !here;
  const field = accept.error ? fieldOf(accept.error) : "";
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setChecked(true);
    if (fresh && (!name.trim() || !password || !terms)) return;
    accept.mutate({
      token,
      name: fresh ? name.trim() : "",
      password: here ? "" : password,
      terms: fresh ? (entrance?.terms ?? "") : "",
      language: langOf(i18n.language),
    });
  };
  return (
    <Entry title={title} wide>
      <div>
        <div className="strong">
          {t("access.invite.by", { by: i.by || i.organisation, organisation: i.organisation })}
        </div>
        <dl className="pairs">
          {i.role && (
            <>
              <dt>{t("access.invite.role")}</dt>
              <dd>{i.role}</dd>
            </>
          )}
          <dt>{t("access.invite.contact")}</dt>
          <dd>{contact(i.contact)}</dd>
          <dt>{t("access.invite.until")}</dt>
          <dd>
            <When at={ofMicros(i.expiresAt)} />
          </dd>
        </dl>
      </div>
      <form onSubmit={submit} noValidate aria-label={title}>
        <Stack gap="md">
          {here && (
            <p style={{ margin: 0 }}>{t("access.invite.signed", { name: here.name || here.login })}</p>
          )}
          {!here && i.known && (
            <>
              <p style={{ margin: 0 }}>{t("access.invite.known")}</p>
              <PasswordNow value={password} onChange={setPassword} size="md" autoFocus />
            </>
          )}
          {fresh && (
            <>
              <TextInput
                label={t("access.signup.name")}
                value={name}
                onChange={(e) => setName(e.currentTarget.value)}
                error={(checked && !name.trim()) || field === "name" ? t("access.signup.empty") : undefined}
                autoComplete="name"
                maxLength={200}
                size="md"
                autoFocus
              />
              <NewPassword
                label={t("access.password.new")}
                value={password}
                onChange={setPassword}
                own={[name, i.contact, i.organisation]}
                error={
                  checked && !password
                    ? t("access.signup.empty")
                    : field === "password"
                      ? t("access.password.weak")
                      : undefined
                }
              />
              <Checkbox
                label={t("access.signup.terms")}
                checked={terms}
                onChange={(e) => setTerms(e.currentTarget.checked)}
                error={checked && !terms ? t("access.signup.termsNeeded") : undefined}
              />
            </>
          )}
          {accept.error && !(fresh && (field === "name" || field === "password")) && (
            <Said>{say(accept.error)}</Said>
          )}
          <Button type="submit" size="md" loading={accept.isPending} fullWidth>
            {t("access.invite.join")}
          </Button>
          {!here && entrance?.oidc && (
            <Button
              component="a"
              href={`/oidc/start?invitation=${encodeURIComponent(token)}`}
              variant="default"
              size="md"
              fullWidth
            >
              {t("access.oidc", { name: entrance.oidc })}
            </Button>
          )}
        </Stack>
      </form>
    </Entry>
  );
}
