import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { Alert, Button, Group, Loader, NativeSelect, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { keepPreviousData, useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { codeOf } from "../app/transport";
import { Exports } from "../documents/Exports";
import { More } from "../documents/lists";
import { type AuditLine, AuditService } from "../gen/cabinet/v1/audit_pb";
import { Nothing, NothingByFilter, NothingInPeriod, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { filterOf, useActName } from "./acts";

const FIELDS = ["actor", "act", "object", "from", "to"] as const;
type Field = (typeof FIELDS)[number];

/** «Журнал действий»: who did what, when, from where, and what it was before. */
export default function JournalPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const act = useActName();
  const [params, setParams] = useSearchParams();
  const chosen = Object.fromEntries(FIELDS.map((f) => [f, params.get(f) ?? ""])) as Record<Field, string>;
  const filter = filterOf(chosen);
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
  const put = (values: Partial<Record<Field, string>>) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        for (const [field, value] of Object.entries(values)) {
          if (value) next.set(field, value);
          else next.delete(field);
        }
        return next;
      },
      { replace: true },
    );
  const clear = () => put({ actor: "", act: "", object: "", from: "", to: "" });
  const lines = (list.data?.pages ?? []).flatMap((p) => p.lines);
  const words = list.data?.pages[0];
  const any = (words?.acts.length ?? 0) > 0;
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
        <Nothing title={t("nothing.forbidden")} text={t("nothing.forbiddenTodo", { code: "audit:view" })} />
      ) : list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data || list.error ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : !any ? (
        <Nothing title={t("journal.none")} text={t("journal.noneTodo")} />
      ) : (
        <>
          <search className="chips" style={{ alignItems: "end", marginBottom: 12 }}>
            <Choice
              label={t("journal.actor")}
              value={chosen.actor}
              options={(words?.actors ?? []).map((value) => ({ value, label: value }))}
              onChange={(actor) => put({ actor })}
            />
            <Choice
              label={t("journal.act")}
              value={chosen.act}
              options={(words?.acts ?? [])
                .map((value) => ({ value, label: act(value) }))
                .sort((a, b) => a.label.localeCompare(b.label))}
              onChange={(value) => put({ act: value })}
            />
            {(["from", "to"] as const).map((field) => (
              <TextInput
                key={field}
                size="xs"
                type="date"
                label={t(`journal.${field}`)}
                value={chosen[field]}
                onChange={(e) => put({ [field]: e.currentTarget.value })}
              />
            ))}
            {FIELDS.some((f) => chosen[f]) && (
              <Button variant="subtle" size="xs" onClick={clear}>
                {t("nothing.filterAct")}
              </Button>
            )}
          </search>
          {lines.length === 0 ? (
            chosen.actor || chosen.act || chosen.object ? (
              <NothingByFilter onClear={clear} />
            ) : (
              <NothingInPeriod onWiden={clear} />
            )
          ) : (
            <>
              {narrow ? (
                <Cards lines={lines} />
              ) : (
                <Table lines={lines} onObject={(object) => put({ object })} />
              )}
              <More
                shown={lines.length}
                hasNext={list.hasNextPage}
                loading={list.isFetchingNextPage}
                onMore={() => void list.fetchNextPage()}
              />
            </>
          )}
        </>
      )}
    </>
  );
}

function Choice(p: {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
}) {
  const { t } = useTranslation();
  return (
    <NativeSelect
      size="xs"
      w={210}
      label={p.label}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      data={[{ value: "", label: t("finder.every") }, ...p.options]}
    />
  );
}

/** Files of what is shown, and the check of the whole chain. */
function Tools({ filter }: { filter: ReturnType<typeof filterOf> }) {
  const { t } = useTranslation();
  const transport = useTransport();
  const check = useMutation({
    mutationFn: () => createClient(AuditService, transport).verifyAudit({}),
    onError: (error) =>
      notifications.show({ color: "red", message: t("journal.unchecked", { code: codeOf(error) }) }),
  });
  return (
    <div>
      <Group gap={8} justify="end">
        <Button loading={check.isPending} onClick={() => check.mutate()}>
          {t("journal.check")}
        </Button>
        <Exports
          make={async (format) => {
            const { content, name } = await createClient(AuditService, transport).exportAudit({
              filter,
              format,
            });
            return { file: content, name };
          }}
        />
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

/** What it was and what it is. */
function Change({ line }: { line: AuditLine }) {
  if (!line.old && !line.new) return null;
  return (
    <span>
      {line.old && <del className="quiet">{line.old}</del>}
      {line.old && line.new && " → "}
      {line.new && <ins style={{ textDecoration: "none" }}>{line.new}</ins>}
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
