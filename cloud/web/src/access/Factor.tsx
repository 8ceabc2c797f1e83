import { useMutation } from "@connectrpc/connect-query";
import { Button, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { AccessService, type Challenge, Factor, type FinishSignInRequest } from "../gen/cabinet/v1/access_pb";
import { Said } from "./Entry";
import { canPasskeys, showPasskey } from "./passkeys";
import { useSay } from "./trouble";

/** The second step of signing in: a code, a recovery code or a passkey. */
export function FactorStep(p: { challenge: Challenge; onDone: () => void; onAgain: () => void }) {
  const { t } = useTranslation();
  const may = (f: Factor) => p.challenge.factors.includes(f);
  const [kind, setKind] = useState<"totp" | "recovery">(may(Factor.TOTP) ? "totp" : "recovery");
  const [code, setCode] = useState("");
  const [refused, setRefused] = useState(false);
  const finish = useMutation(AccessService.method.finishSignIn, { onSuccess: p.onDone });
  const say = useSay({ wrong: t("access.factor.wrong"), over: t("access.factor.over") });
  const give = (answer: FinishSignInRequest["answer"]) => {
    setRefused(false);
    finish.mutate({ ticket: p.challenge.ticket, answer });
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const value = code.replace(/\s/g, "");
    give(kind === "totp" ? { case: "totp", value } : { case: "recovery", value });
  };
  const byPasskey = async () => {
    const value = await showPasskey(p.challenge.passkeyOptions).catch(() => undefined);
    if (value) give({ case: "passkey", value });
    else setRefused(true);
  };
  const passkey = may(Factor.PASSKEY) && canPasskeys();
  const byCode = may(Factor.TOTP) || may(Factor.RECOVERY);
  return (
    <Stack gap="md">
      {passkey && (
        <Button size="md" variant={byCode ? "default" : "filled"} onClick={() => void byPasskey()} fullWidth>
          {t("access.factor.passkey")}
        </Button>
      )}
      {byCode && (
        <form onSubmit={submit} aria-label={t("access.factor.title")}>
          <Stack gap="md">
            <CodeInput
              key={kind}
              label={t(`access.factor.${kind}`)}
              description={t(`access.factor.${kind}What`)}
              digits={kind === "totp"}
              value={code}
              onChange={setCode}
              autoFocus
            />
            <Button type="submit" size="md" loading={finish.isPending} fullWidth>
              {t("access.continue")}
            </Button>
          </Stack>
        </form>
      )}
      {finish.error ? <Said>{say(finish.error)}</Said> : refused && <Said>{t("access.refusedPasskey")}</Said>}
      <div className="links">
        {may(Factor.TOTP) && may(Factor.RECOVERY) && (
          <button
            type="button"
            className="linkbutton"
            onClick={() => {
              setKind(kind === "totp" ? "recovery" : "totp");
              setCode("");
              finish.reset();
            }}
          >
            {t(kind === "totp" ? "access.factor.useRecovery" : "access.factor.useTotp")}
          </button>
        )}
        <button type="button" className="linkbutton" onClick={p.onAgain}>
          {t("access.toSignIn")}
        </button>
      </div>
    </Stack>
  );
}

/** A code that was sent or made elsewhere; a phone offers it over the keyboard by itself. */
export function CodeInput(p: {
  label: string;
  description?: string;
  error?: string;
  value: string;
  onChange: (value: string) => void;
  digits?: boolean;
  autoFocus?: boolean;
  disabled?: boolean;
}) {
  return (
    <TextInput
      label={p.label}
      description={p.description}
      error={p.error}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      inputMode={p.digits ? "numeric" : undefined}
      autoComplete="one-time-code"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={40}
      autoFocus={p.autoFocus}
      disabled={p.disabled}
      required
      withAsterisk={false}
      size="md"
    />
  );
}
