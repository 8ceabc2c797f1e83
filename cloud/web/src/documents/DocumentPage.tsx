import { callUnaryMethod, useQuery, useTransport } from "@connectrpc/connect-query";
import { Button, Loader, Tabs, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useSession } from "../access/session";
import { useLang } from "../fleet/facts";
import { DocumentsService, type GetDocumentResponse } from "../gen/cabinet/v1/documents_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";
import { Copy, CopyBlock, useCopied } from "../ui/Copy";
import { money, ofCivil } from "../ui/format";
import { IconBack, IconCopy, IconInfo, IconPrint, IconSave, IconTick, IconYellow } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { Pair } from "../ui/Pair";
import { When } from "../ui/time";
import { useDocumentName } from "./Documents";
import { LinkDialog } from "./LinkDialog";
import { useParam } from "./lists";
import { MarkView } from "./MarkView";
import { isReceiptForm, ofdMark, paperMark } from "./marks";
import { ReceiptBody } from "./ReceiptBody";
import { SlipPaper } from "./SlipPaper";
import { save } from "./save";
import { TagsTable } from "./TagsTable";
import "./document.css";

/** How often a document without its copy is asked for again: the copy comes from the shop by itself. */
const AGAIN = 5_000;

/** A fiscal document: the slip as on paper, its tags, and where its tracks stand. */
export default function DocumentPage() {
  const { t } = useTranslation();
  const { id = "", fn = "", fd = "" } = useParams();
  const number = /^\d{1,10}$/.test(fd) ? Number(fd) : 0;
  const document = useQuery(
    DocumentsService.method.getDocument,
    { fn, fd: number },
    { refetchInterval: (q) => (q.state.data && !q.state.data.hasCopy ? AGAIN : false) },
  );
  const till = useQuery(FleetService.method.getTill, inputs.till(id));
  const back = (
    <Link to={`/tills/${encodeURIComponent(id)}/documents`} className="quiet small back noprint">
      <IconBack size={12} /> {till.data?.till ? `${till.data.till.name}: ` : ""}
      {t("tabs.documents")}
    </Link>
  );
  if (document.isPending) return <Loader aria-label={t("loading")} />;
  if (!document.data?.document?.document) {
    return (
      <>
        {back}
        {document.error ? (
          <Unread error={document.error} onRetry={() => void document.refetch()} />
        ) : (
          <Nothing title={t("nothing.forbidden")} />
        )}
      </>
    );
  }
  return (
    <>
      {back}
      <Content answer={document.data} tillName={till.data?.till?.name ?? ""} />
    </>
  );
}

function Content({ answer, tillName }: { answer: GetDocumentResponse; tillName: string }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const name = useDocumentName();
  const [tab, setTab] = useParam("tab");
  const d = answer.document?.document;
  if (!d) return null;
  const receipt = isReceiptForm(d.type);
  const rich = can("money:view");
  return (
    <>
      <div className="title noprint" style={{ marginTop: 4 }}>
        <div style={{ minWidth: 0 }}>
          <div style={{ display: "flex", flexWrap: "wrap", gap: "2px 14px", alignItems: "baseline" }}>
            <Title order={1}>{name(d)}</Title>
            {rich && receipt && (
              <span className="strong num nowrap" style={{ fontSize: "1.25rem" }}>
                {money(d.total, lang, answer.receipt?.currency)}
              </span>
            )}
          </div>
          <div className="quiet">
            <When at={ofCivil(d.at)} /> · {t("fd")} {d.fd}
            {tillName && <> · {tillName}</>}
          </div>
        </div>
        <Acts answer={answer} />
      </div>
      <Notices answer={answer} />
      {rich && answer.hasCopy ? (
        <Tabs
          value={tab === "tags" ? "tags" : "slip"}
          onChange={(v) => setTab(v === "tags" ? "tags" : "")}
          keepMounted={false}
        >
          <Tabs.List className="noprint">
            <Tabs.Tab value="slip">{t(receipt ? "document.receipt" : "document.title")}</Tabs.Tab>
            <Tabs.Tab value="tags">{t("document.tags")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="slip" pt="md">
            <div className="sheet">
              {answer.slip.length > 0 ? (
                <SlipPaper lines={answer.slip} />
              ) : (
                <div>
                  <Nothing title={t("document.damaged")} text={t("document.damagedTodo")} />
                  <Asked answer={answer} />
                </div>
              )}
              <Facts answer={answer} />
            </div>
          </Tabs.Panel>
          <Tabs.Panel value="tags" pt="md">
            <TagsTable tags={answer.tags} />
          </Tabs.Panel>
        </Tabs>
      ) : (
        <div className="sheet">
          <div>
            {rich && (
              <Nothing
                title={t("document.noCopy")}
                text={t(answer.receipt ? "document.noCopyAsked" : "document.noCopyTodo")}
              />
            )}
            <Asked answer={answer} />
            {!rich && <Nothing title={t("document.poor")} text={t("document.poorTodo")} />}
          </div>
          <Facts answer={answer} />
        </div>
      )}
    </>
  );
}

/** What was asked to be made: all there is while the document itself is not here. */
function Asked({ answer }: { answer: GetDocumentResponse }) {
  const { t } = useTranslation();
  if (!answer.receipt) return null;
  return (
    <section className="panel" aria-label={t("document.items")} style={{ marginTop: 16 }}>
      <Title order={2}>{t("document.items")}</Title>
      <ReceiptBody receipt={answer.receipt} total={answer.document?.document?.total ?? 0n} />
    </section>
  );
}

/** What may be done with the document. */
function Acts({ answer }: { answer: GetDocumentResponse }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const transport = useTransport();
  const [busy, setBusy] = useState(false);
  const [giving, setGiving] = useState(false);
  const { copied, copy } = useCopied();
  const d = answer.document?.document;
  const ready = can("money:view") && answer.hasCopy;
  const file = async () => {
    if (!d) return;
    setBusy(true);
    try {
      const { method } = DocumentsService;
      const { pdf, name } = await callUnaryMethod(transport, method.getDocumentPDF, { fn: d.fn, fd: d.fd });
      save(pdf, name, "application/pdf");
    } catch {
      notifications.show({ color: "red", message: t("document.noFile") });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="acts" style={{ display: "flex", flexWrap: "wrap", gap: 8 }}>
      <Button
        variant="default"
        leftSection={copied ? <IconTick /> : <IconCopy />}
        onClick={() => void copy(location.href)}
      >
        {copied ? t("copied") : t("document.link")}
      </Button>
      {d && can("money:view") && isReceiptForm(d.type) && (
        <Button variant="default" onClick={() => setGiving(true)}>
          {t("sales.links.title")}
        </Button>
      )}
      {giving && d && <LinkDialog fn={d.fn} fd={d.fd} onClose={() => setGiving(false)} />}
      {ready && answer.slip.length > 0 && (
        <Button variant="default" leftSection={<IconPrint />} onClick={() => window.print()}>
          {t("document.print")}
        </Button>
      )}
      {ready && (
        <Button loading={busy} leftSection={<IconSave />} onClick={() => void file()}>
          PDF
        </Button>
      )}
    </div>
  );
}

/** What a reader must know before he believes the page. */
function Notices({ answer }: { answer: GetDocumentResponse }) {
  const { t } = useTranslation();
  const list = [
    ...(answer.copyContradicted ? [["contradicted", IconYellow, "yellow"] as const] : []),
    ...(answer.copyDamaged ? [["unreadable", IconYellow, "yellow"] as const] : []),
    ...(answer.document?.key ? [] : [["foreignTodo", IconInfo, "grey"] as const]),
  ];
  if (list.length === 0) return null;
  return (
    <ul className="problems noprint" style={{ marginBottom: 16 }} aria-label={t("document.notices")}>
      {list.map(([word, Icon, colour]) => (
        <li key={word}>
          <Icon className={colour} />
          <span>{t(`document.${word}`)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Numbers of the document and where its tracks stand. */
function Facts({ answer }: { answer: GetDocumentResponse }) {
  const { t } = useTranslation();
  const view = answer.document;
  const d = view?.document;
  if (!view || !d) return null;
  return (
    <section className="panel noprint" aria-label={t("document.facts")}>
      <Title order={2}>{t("document.facts")}</Title>
      <dl className="pairs">
        <dt>{t(isReceiptForm(d.type) ? "marks.check.title" : "document.title")}</dt>
        <dd>
          <MarkView
            mark={{ tone: "done", word: isReceiptForm(d.type) ? "marks.check.done" : "marks.act.done" }}
            track=""
          />
        </dd>
        <dt>{t("marks.paper.title")}</dt>
        <dd>
          <MarkView mark={paperMark(view.paper)} track="" />
        </dd>
        <dt>{t("marks.ofd.title")}</dt>
        <dd>
          <MarkView mark={ofdMark(view.ofd)} track="" />
        </dd>
        <dt>{t("marks.cloud.title")}</dt>
        <dd>
          {t("marks.cloud.stored")}
          {view.storedMs > 0n && (
            <span className="quiet">
              {" "}
              <When ms={view.storedMs} />
            </span>
          )}
        </dd>
        <dt>{t("document.copy")}</dt>
        <dd>{t(answer.hasCopy ? "document.copyHere" : "document.copyAway")}</dd>
        {answer.cashier?.name && (
          <>
            <dt>{t("document.cashier")}</dt>
            <dd>{answer.cashier.name}</dd>
          </>
        )}
        {d.shift > 0 && (
          <>
            <dt>{t("document.shift")}</dt>
            <dd>{d.receipt > 0 ? `${d.shift} / ${d.receipt}` : d.shift}</dd>
          </>
        )}
        {(
          [
            [t("document.fn"), d.fn],
            [t("fd"), String(d.fd)],
            [t("document.fp"), String(d.fp).padStart(10, "0")],
          ] as const
        ).map(([name, number]) => (
          <Pair key={name} name={name}>
            {number} <Copy text={number} label={name} />
          </Pair>
        ))}
        {view.key && (
          <>
            <dt>{t("operations.key")}</dt>
            <dd className="mono">{view.key}</dd>
          </>
        )}
      </dl>
      {d.qr && (
        <div style={{ marginTop: 16 }}>
          <div className="quiet" style={{ marginBottom: 4 }}>
            {t("document.qr")}
          </div>
          <CopyBlock text={d.qr} label={t("document.qr")} />
        </div>
      )}
    </section>
  );
}
