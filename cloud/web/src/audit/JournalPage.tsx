import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { Alert, Button, Group, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { keepPreviousData, useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { codeOf } from "../app/transport";
import { Exports } from "../documents/Exports";
import { Chips, Choice, Day, dayWord, useFilter } from "../documents/inputs";
import { Listed, narrowedBy } from "../documents/lists";
import { moment } from "../documents/period";
import { type AuditFilterSchema, type AuditLine, AuditService } from "../gen/cabinet/v1/audit_pb";
import { Coded } from "../help/HelpLink";
import { Forbidden, Nothing } from "../ui/Nothing";
import { useSaid } from "../ui/Spoken";
import { When } from "../ui/time";
import { useActName } from "./acts";

const FIELDS = ["actor", "act", "object", "from", "to"] as const;
type Field = (typeof FIELDS)[number];

/** «Журнал действий»: who did what, when, from where, and what it was before. */
export default function JournalPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const act = useActName();
  const { chosen, put, drop } = useFilter<Field>(FIELDS);
  const filter = {
    actor: chosen.actor ?? "",
    act: chosen.act ?? "",
    object: chosen.object ?? "",
    sinceMs: moment(chosen.from),
    untilMs: moment(chosen.to, true),
  };
  const may = can("audit:view");
  const list = useInfiniteQuery(
    AuditService.method.listAudit,
    { filter, limit: 50, before: 0n },
    {
      pageParamKey: "before",
      getNextPageParam: (last) => last.next || undefined,
      placeholderData: keepPreviousData,
      enabled: may,
    },
  );
  const lines = (list.data?.pages ?? []).flatMap((p) => p.lines);
  const words = list.data?.pages[0];
  const any = (words?.acts.length ?? 0) > 0;
  const said: Record<Field, string> = {
    actor: chosen.actor ?? "",
    act: act(chosen.act ?? ""),
    object: lines.find((l) => l.object === chosen.object)?.name || (chosen.object ?? ""),
    from: dayWord(chosen.from ?? ""),
    to: dayWord(chosen.to ?? ""),
  };
  const picked = FIELDS.filter((f) => chosen[f]);
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("titles.journal")}</Title>
          <div className="quiet">{t("journal.what")}</div>
        </div>
        {may && any && <Tools filter={filter} />}
      </div>
      {!may ? (
        <Forbidden needs="audit:view" />
      ) : (
        <>
          {any && (
            <search className="chips" style={{ alignItems: "end", marginBottom: 8 }}>
              <Day label={t("journal.from")} value={chosen.from ?? ""} onChange={(v) => put("from", v)} />
              <Day label={t("journal.to")} value={chosen.to ?? ""} onChange={(v) => put("to", v)} />
              <Choice
                label={t("journal.actor")}
                value={chosen.actor ?? ""}
                options={(words?.actors ?? []).map((value) => ({ value, label: value }))}
                onChange={(v) => put("actor", v)}
                width={210}
              />
              <Choice
                label={t("journal.act")}
                value={chosen.act ?? ""}
                options={(words?.acts ?? [])
                  .map((value) => ({ value, label: act(value) }))
                  .sort((a, b) => a.label.localeCompare(b.label))}
                onChange={(v) => put("act", v)}
                width={210}
              />
            </search>
          )}
          <Chips
            chosen={picked.map((field) => ({ field, label: t(`journal.${field}`), value: said[field] }))}
            onDrop={drop}
          />
          <Listed
            list={list}
            count={lines.length}
            narrowed={any ? narrowedBy(picked) : "none"}
            none={<Nothing title={t("journal.none")} text={t("journal.noneTodo")} />}
            onWiden={() => drop(["from", "to"])}
            onClear={() => drop(FIELDS)}
          >
            {narrow ? (
              <Cards lines={lines} />
            ) : (
              <Table lines={lines} onObject={(object) => put("object", object)} />
            )}
          </Listed>
        </>
      )}
    </>
  );
}

/** Files of what is shown, and the check of the whole chain. */
function Tools({ filter }: { filter: MessageInitShape<typeof AuditFilterSchema> }) {
  const { t } = useTranslation();
  const transport = useTransport();
  const check = useMutation({
    mutationFn: () => createClient(AuditService, transport).verifyAudit({}),
    onError: (error) =>
      notifications.show({
        color: "red",
        message: <Coded text={t("journal.unchecked", { code: codeOf(error) })} code={codeOf(error)} />,
      }),
  });
  return (
    <div>
      <Group gap={8} justify="end">
        <Button loading={check.isPending} onClick={() => check.mutate()}>
          {t("journal.check")}
        </Button>
        <Exports make={(format) => createClient(AuditService, transport).exportAudit({ filter, format })} />
      </Group>
      {check.data && (
        <Alert
          mt={8}
          color={check.data.broken === 0n ? "green" : "red"}
          role="status"
          title={
            check.data.broken === 0n
              ? t("journal.whole", { count: Number(check.data.lines) })
              : t("journal.broken", { number: Number(check.data.broken) })
          }
        >
          {check.data.broken === 0n ? (
            <span className="mono small" style={{ overflowWrap: "anywhere" }}>
              № {String(check.data.number)} · {check.data.hash}
            </span>
          ) : (
            t("journal.brokenTodo")
          )}
        </Alert>
      )}
    </div>
  );
}

/** Acts whose change the cabinet itself has put in words; of others it is what people called something. */
const TOLD = /^(rule\.|organisation\.changed$)/;

/** What it was and what it is. */
function Change({ line }: { line: AuditLine }) {
  const said = useSaid();
  if (!line.old && !line.new) return null;
  const told = (text: string) => (TOLD.test(line.act) ? text.split("; ").map(said).join("; ") : text);
  return (
    <span>
      {line.old && <del className="quiet">{told(line.old)}</del>}
      {line.old && line.new && " → "}
      {line.new && <ins style={{ textDecoration: "none" }}>{told(line.new)}</ins>}
    </span>
  );
}

function Table({ lines, onObject }: { lines: readonly AuditLine[]; onObject: (id: string) => void }) {
  const { t } = useTranslation();
  const act = useActName();
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("titles.journal")}>
        <thead>
          <tr>
            <th scope="col" className="right">
              №
            </th>
            <th scope="col">{t("document.time")}</th>
            <th scope="col">{t("journal.actor")}</th>
            <th scope="col">{t("journal.act")}</th>
            <th scope="col">{t("journal.object")}</th>
            <th scope="col">{t("journal.change")}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={String(line.number)}>
              <td className="right num quiet">{String(line.number)}</td>
              <td className="nowrap">
                <When ms={line.atMs} />
              </td>
              <td title={line.browser || undefined}>
                {line.actor || t("journal.cabinet")}
                {line.address && <div className="small quiet">{line.address}</div>}
              </td>
              <td>{act(line.act)}</td>
              <td>
                {line.object ? (
                  <button type="button" className="linklike" onClick={() => onObject(line.object)}>
                    {line.name || line.object}
                  </button>
                ) : (
                  line.name
                )}
              </td>
              <td style={{ overflowWrap: "anywhere" }}>
                <Change line={line} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ lines }: { lines: readonly AuditLine[] }) {
  const { t } = useTranslation();
  const act = useActName();
  return (
    <ul className="cards" aria-label={t("titles.journal")}>
      {lines.map((line) => (
        <li key={String(line.number)} className="card">
          <div className="strong">
            {act(line.act)}
            {line.name && ` · ${line.name}`}
          </div>
          <Change line={line} />
          <div className="small quiet">
            {line.actor || t("journal.cabinet")} · {line.address && `${line.address} · `}
            <When ms={line.atMs} />
          </div>
        </li>
      ))}
    </ul>
  );
}
