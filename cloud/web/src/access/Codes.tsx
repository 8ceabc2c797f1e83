import { useMutation } from "@connectrpc/connect-query";
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { AccessService, type Attempt, type Channel } from "../gen/cabinet/v1/access_pb";
import { clock } from "../ui/format";
import { useNow } from "../ui/time";
import { Said } from "./Entry";
import { useSay } from "./trouble";

/** A moment in microseconds; undefined for zero. */
export function ofMicros(us: bigint): Date | undefined {
  return us > 0n ? new Date(Number(us / 1000n)) : undefined;
}

/** Sends codes again, not sooner than allowed. */
export function SendAgain(p: { attempt: Attempt; channel?: Channel; onSent: (attempt: Attempt) => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const send = useMutation(AccessService.method.sendCodeAgain, {
    onSuccess: ({ attempt }) => attempt && p.onSent(attempt),
  });
  const say = useSay({ wrong: t("access.codes.over"), over: t("access.codes.over") });
  const wait = Math.ceil(((ofMicros(p.attempt.againAt)?.getTime() ?? 0) - now.getTime()) / 1000);
  const left = `${Math.floor(wait / 60)}:${String(wait % 60).padStart(2, "0")}`;
  return (
    <>
      <div style={{ display: "flex", alignItems: "center", gap: 12 }}>
        <Button
          variant="default"
          size="xs"
          disabled={wait > 0}
          loading={send.isPending}
          onClick={() => send.mutate({ ticket: p.attempt.ticket, channel: p.channel })}
        >
          {t("access.codes.again")}
        </Button>
        <span className="small quiet num">
          {wait > 0 ? t("access.codes.wait", { left }) : send.isSuccess && t("access.codes.resent")}
        </span>
      </div>
      {send.error && <Said>{say(send.error)}</Said>}
    </>
  );
}

/** Until when, as a clock shows it. */
export function untilOf(attempt: Attempt): string {
  const at = ofMicros(attempt.expiresAt);
  return at ? clock(at) : "";
}
