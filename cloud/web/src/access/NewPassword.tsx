import { createClient } from "@connectrpc/connect";
import { useMutation, useTransport } from "@connectrpc/connect-query";
import { Button, PasswordInput } from "@mantine/core";
import { useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { AccessService, type CheckPasswordResponse, PasswordReason } from "../gen/cabinet/v1/access_pb";
import { Copy } from "../ui/Copy";
import { useEntrance } from "./entrance";

const REASONS = {
  [PasswordReason.SHORT]: "short",
  [PasswordReason.LONG]: "long",
  [PasswordReason.PLAIN]: "plain",
  [PasswordReason.COMMON]: "common",
  [PasswordReason.OWN]: "own",
  [PasswordReason.ROW]: "row",
} as const;

/** How long the typing rests before the cabinet is asked, ms. */
const REST = 250;

/** What the cabinet thinks of a password; it decides by the same rules when the password is set. */
export function useStrength(
  password: string,
  own: readonly string[] = [],
): CheckPasswordResponse | undefined {
  const transport = useTransport();
  const access = useMemo(() => createClient(AccessService, transport), [transport]);
  const [answer, setAnswer] = useState<{ to: string; is: CheckPasswordResponse }>();
  const names = JSON.stringify(own.filter((x) => x !== ""));
  useEffect(() => {
    if (password === "") return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      access
        .checkPassword({ password, own: JSON.parse(names) }, { signal: stop.signal })
        .then((is) => setAnswer({ to: password, is }))
        .catch(() => {}); // the meter waits; the password is checked once more when it is set
    }, REST);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [access, password, names]);
  return answer && answer.to === password ? answer.is : undefined;
}

/** A password to be: with its strength, and a button that makes one up. */
export function NewPassword(p: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Names, logins, phones it must not be made of. */
  own?: readonly string[];
  error?: string;
  size?: "sm" | "md";
}) {
  const { t } = useTranslation();
  const meter = useId();
  const least = useEntrance().data?.minLength || 10;
  const strength = useStrength(p.value, p.own);
  const [made, setMade] = useState("");
  const [visible, setVisible] = useState(false);
  const make = useMutation(AccessService.method.generatePassword, {
    onSuccess: ({ password }) => {
      setMade(password);
      setVisible(true);
      p.onChange(password);
    },
  });
  const level = strength?.strength ?? 0;
  const reasons = (strength?.reasons ?? []).flatMap((r) =>
    r in REASONS ? t(`access.password.reasons.${REASONS[r as keyof typeof REASONS]}`, { count: least }) : [],
  );
  return (
    <div>
      <PasswordInput
        label={p.label}
        value={p.value}
        onChange={(e) => p.onChange(e.currentTarget.value)}
        visible={visible}
        onVisibilityChange={setVisible}
        error={p.error}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t("signin.show") }}
        aria-describedby={meter}
        maxLength={200}
        required
        withAsterisk={false}
        size={p.size ?? "md"}
      />
      <div id={meter} className="strength" aria-live="polite">
        {p.value !== "" && strength && (
          <>
            <meter
              min={0}
              max={4}
              value={level}
              aria-label={t("access.password.meter")}
              data-good={strength.good || undefined}
            />
            <span className="small">
              <span className="strong">{t(`access.password.strength.s${level as 0 | 1 | 2 | 3 | 4}`)}</span>
              {reasons.length > 0 && <span className="quiet">: {reasons.join(", ")}</span>}
            </span>
          </>
        )}
        {p.value === "" && (
          <span className="small quiet">{t("access.password.reasons.short", { count: least })}</span>
        )}
      </div>
      {made !== "" && made === p.value ? (
        <div className="small" style={{ display: "flex", alignItems: "center", gap: 8 }} role="status">
          <span>{t("access.password.made")}</span>
          <Copy text={made} label={p.label} />
        </div>
      ) : (
        <Button
          variant="subtle"
          size="compact-sm"
          loading={make.isPending}
          onClick={() => make.mutate({})}
          px={0}
        >
          {t("access.password.make")}
        </Button>
      )}
    </div>
  );
}
