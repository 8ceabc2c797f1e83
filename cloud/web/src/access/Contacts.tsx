import { useMutation } from "@connectrpc/connect-query";
import { Button, Checkbox, Modal, Stack, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { AccessService, type Attempt, Channel, type GetSecurityResponse } from "../gen/cabinet/v1/access_pb";
import { contact, full, langOf } from "../ui/format";
import { When } from "../ui/time";
import { ofMicros, SendAgain } from "./Codes";
import { Said } from "./Entry";
import { CodeInput } from "./Factor";
import { fieldOf } from "./guard";
import { useFresh } from "./security";
import { emailLooksRight, phoneLooksRight } from "./taxid";
import { useSay } from "./trouble";

type Kind = "phone" | "email";

const CHANNELS: Record<Kind, Channel> = { phone: Channel.PHONE, email: Channel.EMAIL };

/** Phone and e-mail: what is confirmed, what waits, and how to change it. */
export function Contacts({ security }: { security: GetSecurityResponse }) {
  const { t } = useTranslation();
  const fresh = useFresh();
  const [changing, setChanging] = useState<Kind>();
  const cancel = useMutation(AccessService.method.cancelContactChange, { onSuccess: fresh });
  const { pending } = security;
  return (
    <section className="panel" aria-labelledby="profile-contacts">
      <Title order={2} id="profile-contacts">
        {t("access.me.contacts")}
      </Title>
      <ul className="lines">
        {(["phone", "email"] as const).map((kind) => {
          const waits = pending?.channel === CHANNELS[kind] ? pending : undefined;
          return (
            <li key={kind}>
              <div>
                <div className="small quiet">{t(`access.me.${kind}`)}</div>
                <div style={{ overflowWrap: "anywhere" }}>
                  {contact(security[kind]) || <span className="quiet">{t("access.me.none")}</span>}
                </div>
                {waits && (
                  <div className="small">
                    {t("access.me.pending", { value: contact(waits.value) })},{" "}
                    <span className="quiet">
                      {t("access.me.pendingAt")} <When at={ofMicros(waits.at)} />
                    </span>
                  </div>
                )}
              </div>
              {waits ? (
                <Button
                  variant="default"
                  size="xs"
                  loading={cancel.isPending}
                  onClick={() => cancel.mutate({ token: "" })}
                >
                  {t("access.me.cancel")}
                </Button>
              ) : (
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`${t(security[kind] ? "access.me.change" : "access.me.add")}: ${t(`access.me.${kind}`)}`}
                  onClick={() => setChanging(kind)}
                >
                  {t(security[kind] ? "access.me.change" : "access.me.add")}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      <Modal
        opened={changing !== undefined}
        onClose={() => setChanging(undefined)}
        title={changing && t(`access.me.changeTitle.${changing}`)}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        {changing && (
          <ChangeContact
            kind={changing}
            had={security[changing] !== ""}
            onClose={() => setChanging(undefined)}
          />
        )}
      </Modal>
    </section>
  );
}

function ChangeContact({ kind, had, onClose }: { kind: Kind; had: boolean; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const fresh = useFresh();
  const [value, setValue] = useState("");
  const [lost, setLost] = useState(false);
  const [checked, setChecked] = useState(false);
  const [attempt, setAttempt] = useState<Attempt>();
  const [asksOld, setAsksOld] = useState(false);
  const [code, setCode] = useState("");
  const [oldCode, setOldCode] = useState("");
  const start = useMutation(AccessService.method.startContactChange, {
    onSuccess: (r) => {
      setAttempt(r.attempt);
      setAsksOld(r.oldCode);
    },
  });
  const confirm = useMutation(AccessService.method.confirmContactChange, { onSuccess: fresh });
  const bad = t(kind === "phone" ? "access.signup.badPhone" : "access.signup.badEmail");
  const right = kind === "phone" ? phoneLooksRight(value) : emailLooksRight(value);
  const sayStart = useSay({ wrong: bad });
  const sayCode = useSay({ wrong: t("access.codes.wrong"), over: t("access.codes.over") });

  if (confirm.data) {
    const at = ofMicros(confirm.data.at);
    return (
      <Stack gap="md">
        <p role="status" style={{ margin: 0 }}>
          {at ? t("access.me.waits", { at: full(at, langOf(i18n.language)) }) : t("access.me.changed")}
        </p>
        <Button onClick={onClose}>{t("access.done")}</Button>
      </Stack>
    );
  }
  if (!attempt) {
    return (
      <form
        noValidate
        aria-label={t(`access.me.changeTitle.${kind}`)}
        onSubmit={(e: FormEvent) => {
          e.preventDefault();
          setChecked(true);
          if (right) start.mutate({ channel: CHANNELS[kind], value: value.trim(), lost });
        }}
      >
        <Stack gap="md">
          <TextInput
            label={t(`access.me.new.${kind}`)}
            type={kind === "phone" ? "tel" : "email"}
            value={value}
            onChange={(e) => setValue(e.currentTarget.value)}
            error={checked && !right ? bad : undefined}
            autoComplete={kind === "phone" ? "tel" : "email"}
            maxLength={200}
            data-autofocus
          />
          {had && (
            <Checkbox
              label={t("access.me.lost")}
              description={t("access.me.lostWhat")}
              checked={lost}
              onChange={(e) => setLost(e.currentTarget.checked)}
            />
          )}
          {start.error && <Said>{sayStart(start.error)}</Said>}
          <Button type="submit" loading={start.isPending}>
            {t("access.me.send")}
          </Button>
        </Stack>
      </form>
    );
  }
  const field = confirm.error ? fieldOf(confirm.error) : "";
  return (
    <form
      aria-label={t(`access.me.changeTitle.${kind}`)}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        confirm.mutate({ ticket: attempt.ticket, code: code.trim(), oldCode: oldCode.trim() });
      }}
    >
      <Stack gap="md">
        {attempt.hints.length > 0 && (
          <p style={{ margin: 0 }}>{t("access.signup.sent", { where: attempt.hints.join(", ") })}</p>
        )}
        <CodeInput
          label={t("access.me.newCode")}
          digits
          value={code}
          onChange={setCode}
          error={field === "code" ? sayCode(confirm.error) : undefined}
          autoFocus
        />
        {asksOld && (
          <CodeInput
            label={t("access.me.oldCode")}
            digits
            value={oldCode}
            onChange={setOldCode}
            error={field === "old_code" ? sayCode(confirm.error) : undefined}
          />
        )}
        {confirm.error && field !== "code" && field !== "old_code" && <Said>{sayCode(confirm.error)}</Said>}
        <Button type="submit" loading={confirm.isPending}>
          {t("access.prove.act")}
        </Button>
        <SendAgain attempt={attempt} onSent={setAttempt} />
      </Stack>
    </form>
  );
}
