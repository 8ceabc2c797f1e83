import { useMutation } from "@connectrpc/connect-query";
import { Button, Checkbox, Modal, Stack, TextInput, Title } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { save } from "../documents/save";
import {
  AccessService,
  type BeginTOTPResponse,
  type GetSecurityResponse,
  type Passkey,
} from "../gen/cabinet/v1/access_pb";
import { CopyBlock } from "../ui/Copy";
import { When } from "../ui/time";
import { ofMicros } from "./Codes";
import { Said } from "./Entry";
import { CodeInput } from "./Factor";
import { reasonOf } from "./guard";
import { canPasskeys, makePasskey } from "./passkeys";
import { useFresh } from "./security";
import { useSay } from "./trouble";

type Open =
  | { what: "totp"; begun: BeginTOTPResponse }
  | { what: "codes"; codes: readonly string[] }
  | { what: "removeTotp" | "renewCodes" }
  | { what: "name"; passkey: Passkey }
  | { what: "removePasskey"; passkey: Passkey };

/** What a person has besides the password: an application with codes, recovery codes, passkeys. */
export function Factors({ security }: { security: GetSecurityResponse }) {
  const { t } = useTranslation();
  const fresh = useFresh();
  const [open, setOpen] = useState<Open>();
  const [failed, setFailed] = useState("");
  const say = useSay({ wrong: t("access.factor.wrong"), over: t("access.me.required") });
  const { method } = AccessService;
  const onError = (error: unknown) => {
    // Who did not want to prove themselves knows why nothing happened.
    if (reasonOf(error) !== "prove") setFailed(say(error));
  };
  const close = () => setOpen(undefined);
  const done = async () => {
    close();
    await fresh();
  };
  const beginTotp = useMutation(method.beginTOTP, {
    onSuccess: (begun) => setOpen({ what: "totp", begun }),
    onError,
  });
  const removeTotp = useMutation(method.removeTOTP, { onSuccess: done, onError });
  const renew = useMutation(method.renewRecoveryCodes, {
    onSuccess: (r) => setOpen({ what: "codes", codes: r.recoveryCodes }),
    onError,
  });
  const beginPasskey = useMutation(method.beginPasskey, { onError });
  const addPasskey = useMutation(method.addPasskey, { onError });
  const removePasskey = useMutation(method.removePasskey, { onSuccess: done, onError });
  const setRule = useMutation(method.setFactorRule, { onSuccess: fresh, onError });

  const add = async () => {
    setFailed("");
    try {
      const { ticket, options } = await beginPasskey.mutateAsync({});
      const credential = await makePasskey(options);
      if (!credential) return setFailed(t("access.refusedPasskey"));
      const r = await addPasskey.mutateAsync({ ticket, credential, name: "" });
      if (r.recoveryCodes.length > 0) return setOpen({ what: "codes", codes: r.recoveryCodes });
      if (r.passkey) setOpen({ what: "name", passkey: r.passkey });
      await fresh();
    } catch (error) {
      // What the cabinet says is said by onError. An authenticator that has a key of this person makes no second one.
      if (error instanceof DOMException)
        setFailed(t(error.name === "InvalidStateError" ? "access.me.passkeyHave" : "access.refusedPasskey"));
    }
  };
  const totp = security.totpAt > 0n;
  const has = totp || security.passkeys.length > 0;
  return (
    <section className="panel" aria-labelledby="profile-factors">
      <Title order={2} id="profile-factors">
        {t("access.me.security")}
      </Title>
      <ul className="lines">
        <Line
          title={t("access.me.totp")}
          state={
            totp ? (
              <>
                {t("access.me.totpOn")} <When at={ofMicros(security.totpAt)} />
              </>
            ) : (
              t("access.me.off")
            )
          }
        >
          {totp ? (
            <Button variant="default" size="xs" onClick={() => setOpen({ what: "removeTotp" })}>
              {t("access.me.totpRemove")}
            </Button>
          ) : (
            <Button
              variant="default"
              size="xs"
              aria-label={`${t("access.me.totpAdd")}: ${t("access.me.totp")}`}
              loading={beginTotp.isPending}
              onClick={() => {
                setFailed("");
                beginTotp.mutate({});
              }}
            >
              {t("access.me.totpAdd")}
            </Button>
          )}
        </Line>
        {has && (
          <Line
            title={t("access.me.recovery")}
            state={t("access.me.recoveryLeft", { count: security.recoveryCodes })}
          >
            <Button variant="default" size="xs" onClick={() => setOpen({ what: "renewCodes" })}>
              {t("access.me.recoveryNew")}
            </Button>
          </Line>
        )}
        <Line
          title={t("access.me.passkeys")}
          state={
            security.passkeysPossible && canPasskeys()
              ? t("access.me.passkeysWhat")
              : t("access.me.passkeyNo")
          }
        >
          {security.passkeysPossible && canPasskeys() && (
            <Button
              variant="default"
              size="xs"
              loading={beginPasskey.isPending || addPasskey.isPending}
              onClick={() => void add()}
            >
              {t("access.me.passkeyAdd")}
            </Button>
          )}
        </Line>
        {security.passkeys.map((k) => (
          <Line
            key={k.id}
            title={k.name || t("access.factor.passkey")}
            state={
              <>
                {t("access.me.passkeyAdded")} <When at={ofMicros(k.createdAt)} />,{" "}
                {k.usedAt > 0n ? (
                  <>
                    {t("access.me.passkeyUsed")} <When at={ofMicros(k.usedAt)} />
                  </>
                ) : (
                  t("access.me.passkeyNever")
                )}
                {k.synced && <>, {t("access.me.passkeySynced")}</>}
              </>
            }
          >
            <Button
              variant="default"
              size="xs"
              aria-label={`${t("access.me.rename")}: ${k.name}`}
              onClick={() => setOpen({ what: "name", passkey: k })}
            >
              {t("access.me.rename")}
            </Button>
            <Button
              variant="default"
              size="xs"
              aria-label={`${t("access.me.remove")}: ${k.name}`}
              onClick={() => setOpen({ what: "removePasskey", passkey: k })}
            >
              {t("access.me.remove")}
            </Button>
          </Line>
        ))}
      </ul>
      {security.factorRequired && <p className="small quiet">{t("access.me.required")}</p>}
      {security.mayRequire && (
        <Checkbox
          mt="sm"
          label={t("access.me.rule")}
          description={t("access.me.ruleWhat")}
          checked={security.organisationRequires}
          disabled={setRule.isPending}
          onChange={(e) => setRule.mutate({ required: e.currentTarget.checked })}
        />
      )}
      {failed && <Said>{failed}</Said>}

      <Dialog open={open?.what === "totp"} title={t("access.me.totpTitle")} onClose={close}>
        {open?.what === "totp" && (
          <ConfirmTotp begun={open.begun} onDone={(codes) => setOpen({ what: "codes", codes })} />
        )}
      </Dialog>
      <Modal
        opened={open?.what === "codes"}
        onClose={close}
        withCloseButton={false}
        closeOnClickOutside={false}
        closeOnEscape={false}
        title={t("access.me.recoveryTitle")}
      >
        {/* What depends on the factor is read after the codes were kept: it may take this window away. */}
        {open?.what === "codes" && <Codes codes={open.codes} onDone={() => void done()} />}
      </Modal>
      <Sure
        open={open?.what === "removeTotp"}
        title={`${t("access.me.totpRemove")}: ${t("access.me.totp")}`}
        what={t("access.me.totpRemoveWhat")}
        act={t("access.me.totpRemove")}
        busy={removeTotp.isPending}
        onAct={() => removeTotp.mutate({})}
        onClose={close}
      />
      <Sure
        open={open?.what === "renewCodes"}
        title={t("access.me.recoveryNew")}
        what={t("access.me.recoveryNewWhat")}
        act={t("access.me.recoveryNew")}
        busy={renew.isPending}
        onAct={() => renew.mutate({})}
        onClose={close}
      />
      <Sure
        open={open?.what === "removePasskey"}
        title={t("access.me.removeTitle", { name: open?.what === "removePasskey" ? open.passkey.name : "" })}
        what={t("access.me.removeWhat")}
        act={t("access.me.remove")}
        busy={removePasskey.isPending}
        onAct={() => open?.what === "removePasskey" && removePasskey.mutate({ id: open.passkey.id })}
        onClose={close}
      />
      <Dialog open={open?.what === "name"} title={t("access.me.passkeyName")} onClose={close}>
        {open?.what === "name" && <NamePasskey passkey={open.passkey} onDone={() => void done()} />}
      </Dialog>
    </section>
  );
}

function Line(p: { title: string; state: ReactNode; children: ReactNode }) {
  return (
    <li>
      <div>
        <div>{p.title}</div>
        <div className="small quiet">{p.state}</div>
      </div>
      <div className="acts">{p.children}</div>
    </li>
  );
}

function Dialog(p: { open: boolean; title: string; onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={p.open}
      onClose={p.onClose}
      title={p.title}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {p.children}
    </Modal>
  );
}

/** Asks once more before something stops to count. */
function Sure(p: {
  open: boolean;
  title: string;
  what: string;
  act: string;
  busy: boolean;
  onAct: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Dialog open={p.open} title={p.title} onClose={p.onClose}>
      <Stack gap="md">
        <p style={{ margin: 0 }}>{p.what}</p>
        <div style={{ display: "flex", gap: 8 }}>
          <Button loading={p.busy} onClick={p.onAct}>
            {p.act}
          </Button>
          <Button variant="default" onClick={p.onClose}>
            {t("cancel")}
          </Button>
        </div>
      </Stack>
    </Dialog>
  );
}

function ConfirmTotp({
  begun,
  onDone,
}: {
  begun: BeginTOTPResponse;
  onDone: (codes: readonly string[]) => void;
}) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const confirm = useMutation(AccessService.method.confirmTOTP, {
    onSuccess: (r) => onDone(r.recoveryCodes),
  });
  const say = useSay({ wrong: t("access.factor.wrong") });
  return (
    <form
      aria-label={t("access.me.totpTitle")}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        confirm.mutate({ code: code.replace(/\s/g, "") });
      }}
    >
      <Stack gap="md">
        <p style={{ margin: 0 }}>{t("access.me.totpScan")}</p>
        {begun.qrSvg && (
          // A picture in an image runs nothing and reads nothing, whatever it is made of.
          <img
            className="qrcode"
            src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(begun.qrSvg)}`}
            alt={t("document.qrCode")}
          />
        )}
        <div>
          <div className="small quiet">{t("access.me.totpSecret")}</div>
          <CopyBlock text={begun.secret} label={t("access.me.totpSecret")} />
        </div>
        <CodeInput label={t("access.me.totpCode")} digits value={code} onChange={setCode} />
        {confirm.error && <Said>{say(confirm.error)}</Said>}
        <Button type="submit" loading={confirm.isPending}>
          {t("access.me.totpAdd")}
        </Button>
      </Stack>
    </form>
  );
}

/** Recovery codes, shown once: the window closes when the person says they are kept. */
function Codes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useTranslation();
  const [kept, setKept] = useState(false);
  const text = codes.join("\n");
  return (
    <Stack gap="sm">
      <p style={{ margin: 0 }}>{t("access.me.recoveryWhat")}</p>
      <ul className="recoverycodes mono" aria-label={t("access.me.recovery")}>
        {codes.map((c) => (
          <li key={c}>{c}</li>
        ))}
      </ul>
      <Button
        variant="default"
        onClick={() => save(new TextEncoder().encode(`${text}\n`), "chekan-codes.txt", "text/plain")}
      >
        {t("access.me.recoverySave")}
      </Button>
      <Checkbox
        label={t("access.me.recoveryKept")}
        checked={kept}
        onChange={(e) => setKept(e.currentTarget.checked)}
      />
      <Button disabled={!kept} onClick={onDone}>
        {t("access.done")}
      </Button>
    </Stack>
  );
}

function NamePasskey({ passkey, onDone }: { passkey: Passkey; onDone: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(passkey.name);
  const rename = useMutation(AccessService.method.renamePasskey, { onSuccess: onDone });
  const say = useSay({ wrong: t("access.signup.empty") });
  return (
    <form
      aria-label={t("access.me.passkeyName")}
      onSubmit={(e: FormEvent) => {
        e.preventDefault();
        rename.mutate({ id: passkey.id, name: name.trim() });
      }}
    >
      <Stack gap="md">
        <TextInput
          label={t("access.me.passkeyName")}
          placeholder={t("access.me.passkeyNameExample")}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          maxLength={80}
          required
          withAsterisk={false}
          data-autofocus
        />
        {rename.error && <Said>{say(rename.error)}</Said>}
        <Button type="submit" loading={rename.isPending}>
          {t("access.save")}
        </Button>
      </Stack>
    </form>
  );
}
