import { create } from "@bufbuild/protobuf";
import { useMutation } from "@connectrpc/connect-query";
import { Button, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { AccessService, type Attempt, AttemptSchema } from "../gen/cabinet/v1/access_pb";
import { Nothing } from "../ui/Nothing";
import { SendAgain, untilOf } from "./Codes";
import { Entry, Said } from "./Entry";
import { CodeInput } from "./Factor";
import { LoginInput, ToSignIn } from "./fields";
import { fieldOf } from "./guard";
import { NewPassword } from "./NewPassword";
import { useSay } from "./trouble";
import "./access.css";

/** A new password for who forgot theirs. It never says whether there is such a person. */
export default function Reset() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const ticket = params.get("ticket") ?? "";
  const [login, setLogin] = useState("");
  const [attempt, setAttempt] = useState<Attempt | undefined>(() =>
    ticket ? create(AttemptSchema, { ticket }) : undefined,
  );
  const [code, setCode] = useState(params.get("code") ?? "");
  const [password, setPassword] = useState("");
  const start = useMutation(AccessService.method.startReset, {
    onSuccess: ({ attempt }) => {
      if (!attempt) return;
      setAttempt(attempt);
      setParams({ ticket: attempt.ticket }, { replace: true });
    },
  });
  const finish = useMutation(AccessService.method.finishReset);
  const sayLogin = useSay({ wrong: t("access.signup.empty") });
  const sayCode = useSay({ wrong: t("access.codes.wrong"), over: t("access.codes.over") });
  const weak = finish.error && fieldOf(finish.error) === "password" ? t("access.password.weak") : undefined;

  if (finish.isSuccess) {
    return (
      <Entry title={t("access.reset.title")}>
        <Nothing title={t("access.reset.done")} text={t("access.reset.doneTodo")} act={<ToSignIn main />} />
      </Entry>
    );
  }
  if (!attempt) {
    return (
      <Entry title={t("access.reset.title")}>
        <form
          aria-label={t("access.reset.title")}
          onSubmit={(e: FormEvent) => {
            e.preventDefault();
            start.mutate({ login: login.trim() });
          }}
        >
          <Stack gap="md">
            <LoginInput
              label={t("access.reset.login")}
              description={t("access.reset.what")}
              value={login}
              onChange={setLogin}
            />
            {start.error && <Said>{sayLogin(start.error)}</Said>}
            <Button type="submit" size="md" loading={start.isPending} fullWidth>
              {t("access.reset.send")}
            </Button>
          </Stack>
        </form>
        <div className="links">
          <Link to="/">{t("access.toSignIn")}</Link>
        </div>
      </Entry>
    );
  }
  return (
    <Entry title={t("access.reset.title")}>
      <form
        aria-label={t("access.reset.title")}
        onSubmit={(e: FormEvent) => {
          e.preventDefault();
          finish.mutate({ ticket: attempt.ticket, code: code.replace(/\s/g, ""), password });
        }}
      >
        <Stack gap="md">
          {untilOf(attempt) && (
            <p style={{ margin: 0 }}>{t("access.reset.sent", { at: untilOf(attempt) })}</p>
          )}
          <CodeInput label={t("access.reset.code")} digits value={code} onChange={setCode} autoFocus />
          <NewPassword
            label={t("access.password.next")}
            value={password}
            onChange={setPassword}
            own={[login]}
            error={weak}
          />
          {finish.error && !weak && <Said>{sayCode(finish.error)}</Said>}
          <Button type="submit" size="md" loading={finish.isPending} fullWidth>
            {t("access.reset.act")}
          </Button>
          <SendAgain attempt={attempt} onSent={setAttempt} />
        </Stack>
      </form>
      <div className="links">
        <Link to="/">{t("access.toSignIn")}</Link>
      </div>
    </Entry>
  );
}
