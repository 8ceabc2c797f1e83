import { callUnaryMethod, useQuery, useTransport } from "@connectrpc/connect-query";
import { Button, Checkbox, Modal, NativeSelect, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { codeOf } from "../app/transport";
import { useLang } from "../fleet/facts";
import { LinksService, type ReceiptLink } from "../gen/cabinet/v1/links_pb";
import { Coded } from "../help/HelpLink";
import { CopyBlock } from "../ui/Copy";
import { Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { modulePath } from "./qr";

const TERMS = ["7", "30", "90", "365"] as const;

/** Gives a buyer the receipt: a link to copy, to show as a code, to share, or sent by e-mail or text message. */
export function LinkDialog({ fn, fd, onClose }: { fn: string; fd: number; onClose: () => void }) {
  const { t } = useTranslation();
  const lang = useLang();
  const transport = useTransport();
  const [days, setDays] = useState("30");
  const [to, setTo] = useState("");
  const [consent, setConsent] = useState(false);
  const [made, setMade] = useState<{ url: string; qrModules: Uint8Array; qrSize: number }>();
  const [busy, setBusy] = useState<"make" | "send" | "">("");
  const list = useQuery(LinksService.method.listLinks, { fn, fd });
  const term = { fn, fd, days: Number(days) };
  const wrong = (error: unknown) =>
    notifications.show({
      color: "red",
      message: <Coded text={t("sales.links.wrong", { code: codeOf(error) })} code={codeOf(error)} />,
    });
  const make = async () => {
    setBusy("make");
    try {
      setMade(await callUnaryMethod(transport, LinksService.method.createLink, term));
      void list.refetch();
    } catch (error) {
      wrong(error);
    } finally {
      setBusy("");
    }
  };
  const send = async () => {
    setBusy("send");
    try {
      const { link } = await callUnaryMethod(transport, LinksService.method.sendLink, {
        ...term,
        to,
        consent,
        language: lang,
      });
      notifications.show({ message: t("sales.links.sent", { to: link?.sentTo ?? "" }) });
      setTo("");
      setConsent(false);
      void list.refetch();
    } catch (error) {
      wrong(error);
    } finally {
      setBusy("");
    }
  };
  const revoke = async (link: ReceiptLink) => {
    try {
      await callUnaryMethod(transport, LinksService.method.revokeLink, { id: link.id, fn, fd });
    } catch (error) {
      wrong(error);
    }
    void list.refetch();
  };
  const share = async (url: string) => {
    try {
      await navigator.share({ title: t("sales.links.title"), url });
    } catch {
      // The person closed the list of programs: nothing to say.
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("sales.links.title")}
      size="lg"
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <p className="quiet" style={{ marginTop: 0 }}>
        {t("sales.links.what")}
      </p>
      <NativeSelect
        label={t("sales.links.term")}
        value={days}
        onChange={(e) => setDays(e.currentTarget.value)}
        data={TERMS.map((value) => ({ value, label: t("sales.links.days", { count: Number(value) }) }))}
        w={220}
      />
      <section style={{ marginTop: 16 }}>
        {made ? (
          <>
            <CopyBlock text={made.url} label={t("sales.links.address")} />
            <div
              style={{ display: "flex", gap: 16, alignItems: "flex-start", marginTop: 12, flexWrap: "wrap" }}
            >
              <svg
                viewBox={`-4 -4 ${made.qrSize + 8} ${made.qrSize + 8}`}
                width={160}
                height={160}
                role="img"
                aria-label={t("sales.links.code")}
                shapeRendering="crispEdges"
                style={{ background: "#fff" }}
              >
                <path d={modulePath(made.qrModules, made.qrSize)} fill="#000" />
              </svg>
              <div style={{ flex: "1 1 180px" }}>
                <p style={{ marginTop: 0 }}>{t("sales.links.once")}</p>
                {"share" in navigator && (
                  <Button variant="default" onClick={() => void share(made.url)}>
                    {t("sales.links.share")}
                  </Button>
                )}
              </div>
            </div>
          </>
        ) : (
          <Button variant="default" loading={busy === "make"} onClick={() => void make()}>
            {t("sales.links.make")}
          </Button>
        )}
      </section>
      <form
        style={{ marginTop: 20 }}
        onSubmit={(e) => {
          e.preventDefault();
          void send();
        }}
      >
        <TextInput
          label={t("sales.links.to")}
          placeholder="name@example.com, +7 916 123-45-67"
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
          autoComplete="off"
        />
        <Checkbox
          mt="xs"
          label={t("sales.links.consent")}
          checked={consent}
          onChange={(e) => setConsent(e.currentTarget.checked)}
        />
        <Button type="submit" mt="sm" disabled={!to.trim() || !consent} loading={busy === "send"}>
          {t("sales.links.send")}
        </Button>
      </form>
      <section style={{ marginTop: 24 }}>
        <h3 style={{ fontSize: "1rem", margin: "0 0 8px" }}>{t("sales.links.given")}</h3>
        {list.error && !list.data ? (
          <Unread error={list.error} onRetry={() => void list.refetch()} />
        ) : (list.data?.links ?? []).length === 0 ? (
          <p className="quiet">{t("sales.links.none")}</p>
        ) : (
          <ul style={{ listStyle: "none", padding: 0, margin: 0 }}>
            {list.data?.links.map((link) => (
              <li
                key={link.id}
                style={{
                  display: "flex",
                  justifyContent: "space-between",
                  gap: 12,
                  padding: "8px 0",
                  borderTop: "1px solid var(--line)",
                }}
              >
                <div style={{ minWidth: 0 }}>
                  <div>
                    {link.way
                      ? t(`sales.links.ways.${link.way === "sms" ? "sms" : "mail"}`)
                      : t("sales.links.ways.copy")}
                    {link.sentTo && `: ${link.sentTo}`}
                  </div>
                  <div className="quiet small">
                    <When ms={link.createdMs} /> · {link.person} ·{" "}
                    {t("sales.links.opened", { count: link.opened })}
                  </div>
                </div>
                <Standing link={link} onRevoke={() => void revoke(link)} />
              </li>
            ))}
          </ul>
        )}
      </section>
    </Modal>
  );
}

function Standing({ link, onRevoke }: { link: ReceiptLink; onRevoke: () => void }) {
  const { t } = useTranslation();
  if (link.revokedMs > 0n) return <span className="quiet">{t("sales.links.revoked")}</span>;
  if (Number(link.expiresMs) <= Date.now()) return <span className="quiet">{t("sales.links.ended")}</span>;
  return (
    <Button variant="default" size="xs" onClick={onRevoke}>
      {t("sales.links.revoke")}
    </Button>
  );
}
