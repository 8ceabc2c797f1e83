import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Modal, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { AccessService, Factor, type ProveRequest } from "../gen/cabinet/v1/access_pb";
import { Said } from "./Entry";
import { CodeInput } from "./Factor";
import { PasswordNow } from "./fields";
import { canPasskeys, showPasskey } from "./passkeys";
import { useAsked } from "./proof";
import { useSay } from "./trouble";

/** Asks for proof whenever a call needs it (guard.ts); the call goes on by itself. */
export default function ProveDialog() {
  const { t } = useTranslation();
  const answer = useAsked();
  return (
    <Modal
      opened={answer !== undefined}
      onClose={() => answer?.(false)}
      title={t("access.prove.title")}
      size="sm"
      zIndex={400}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {answer && <Proof onAnswer={answer} />}
    </Modal>
  );
}

function Proof({ onAnswer }: { onAnswer: (proven: boolean) => void }) {
  const { t } = useTranslation();
  const begin = useQuery(AccessService.method.beginProof, {}, { staleTime: 0, gcTime: 0, retry: false });
  const factors = begin.data?.challenge?.factors ?? [Factor.PASSWORD];
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [refused, setRefused] = useState(false);
  const prove = useMutation(AccessService.method.prove, { onSuccess: () => onAnswer(true) });
  const say = useSay({ wrong: t("access.prove.wrong") });
  const totp = factors.includes(Factor.TOTP);
  const give = (a: ProveRequest["answer"]) => {
    setRefused(false);
    prove.mutate({ answer: a, ticket: begin.data?.challenge?.ticket ?? "" });
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (code.trim()) give({ case: "totp", value: code.replace(/\s/g, "") });
    else give({ case: "password", value: password });
  };
  const byPasskey = async () => {
    const value = await showPasskey(begin.data?.challenge?.passkeyOptions ?? "").catch(() => undefined);
    if (value) give({ case: "passkey", value });
    else setRefused(true);
  };
  return (
    <form onSubmit={submit} noValidate aria-label={t("access.prove.title")}>
      <Stack gap="md">
        <p style={{ margin: 0 }}>{t("access.prove.what")}</p>
        {factors.includes(Factor.PASSWORD) && (
          <PasswordNow value={password} onChange={setPassword} autoFocus />
        )}
        {totp && (
          <>
            {factors.includes(Factor.PASSWORD) && <div className="quiet small">{t("access.or")}</div>}
            <CodeInput label={t("access.factor.totp")} digits value={code} onChange={setCode} />
          </>
        )}
        {prove.error ? <Said>{say(prove.error)}</Said> : refused && <Said>{t("access.refusedPasskey")}</Said>}
        <div style={{ display: "flex", flexWrap: "wrap", gap: 8 }}>
          <Button type="submit" loading={prove.isPending} disabled={!password && !code.trim()}>
            {t("access.prove.act")}
          </Button>
          {factors.includes(Factor.PASSKEY) && canPasskeys() && (
            <Button variant="default" onClick={() => void byPasskey()}>
              {t("access.factor.passkey")}
            </Button>
          )}
          <Button variant="default" onClick={() => onAnswer(false)}>
            {t("cancel")}
          </Button>
        </div>
      </Stack>
    </form>
  );
}
