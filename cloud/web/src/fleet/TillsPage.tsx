import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { lazy, useDeferredValue, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { Search, useNarrow } from "../app/Frame";
import { useUndecided } from "../decisions/undecided";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";
import { SelectionBar } from "../remote/SelectionBar";
import { IconRed, IconService } from "../ui/icons";
import { Forbidden, Nothing, NothingByFilter, Unread } from "../ui/Nothing";
import { COLUMNS, useHidden } from "./columns";
import { Kept } from "./Kept";
import { LIGHT_ICONS, LIGHTS } from "./light";
import { ColumnsMenu, Export } from "./listTools";
import { NodeFilter, useOutlets } from "./NodeFilter";
import { TillCards } from "./TillCards";
import { TillTable } from "./TillTable";
import { PARTS, type Part, readFilter, sift } from "./tillFilter";
import { ASPECT_NAMES, soonerFirst } from "./troubles";
import { useOrder } from "./useOrder";

const Enrol = lazy(() => import("./Enrol").then((m) => ({ default: m.Enrol })));

const NO_TILLS: readonly Till[] = [];
/** Rows of the first answer: the rest of a long list comes behind it. */
const FIRST = 100;

/** «Кассы»: which tills need me? */
export default function TillsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const [params, setParams] = useSearchParams();
  const [hidden, setHidden] = useHidden();
  const may = can("tills:view");
  // All rows are asked for when the first ones are here, not beside them: those come the sooner.
  const [further, setFurther] = useState(false);
  const whole = useQuery(FleetService.method.listTills, inputs.tills, { enabled: may && further });
  const first = useQuery(
    FleetService.method.listTills,
    { limit: FIRST },
    { enabled: may && !whole.data, placeholderData: keepPreviousData },
  );
  const begun = first.isFetched || first.failureCount > 0 || whole.data !== undefined;
  useEffect(() => {
    if (begun) setFurther(true);
  }, [begun]);
  const list = whole.data ?? first.data;
  const total = Math.max(list?.total ?? 0, list?.tills.length ?? 0);
  const { list: undecided } = useUndecided();
  const all = list?.tills;
  const tills = useOrder(all ?? NO_TILLS);
  const filter = readFilter(params);
  const outlets = useOutlets(filter.node !== "" || filter.q !== "");
  // Typing goes before the sifting of thousands.
  const asked = useDeferredValue(params.toString());
  const found = useMemo(() => {
    const f = readFilter(new URLSearchParams(asked));
    const sifted = sift(tills.rows, f, outlets);
    return f.byStop ? { ...sifted, rows: sifted.rows.toSorted(soonerFirst) } : sifted;
  }, [tills.rows, asked, outlets]);
  const columns = COLUMNS.filter((c) => (!c.needs || can(c.needs)) && (c.always || !hidden.has(c.id)));

  const put = (name: Part, value: string | undefined) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const clear = () =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        for (const part of PARTS) next.delete(part);
        return next;
      },
      { replace: true },
    );

  return (
    <>
      <div className="title">
        <Title order={1}>{t("tills.title")}</Title>
        <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
          {may && all && all.length > 0 && (
            <Button variant="default" component={Link} to="/thresholds">
              {t("thresholds.title")}
            </Button>
          )}
          {can("tills:configure") && all && all.length > 0 && (
            <Button component={Link} to="/connect">
              {t("enrol.title")}
            </Button>
          )}
        </div>
      </div>

      {!may ? (
        <Forbidden needs="tills:view" />
      ) : !all && (whole.isPending || first.isPending) && !whole.error ? (
        <Loader aria-label={t("loading")} />
      ) : !all ? (
        <Unread error={whole.error} onRetry={() => void whole.refetch()} />
      ) : all.length === 0 ? (
        can("tills:configure") ? (
          <section className="panel" style={{ maxWidth: 760 }}>
            <Title order={2}>{t("tills.first")}</Title>
            <p className="quiet" style={{ margin: "4px 0 16px" }}>
              {t("tills.firstTodo")}
            </p>
            <Enrol outlets={[]} tills={all} />
          </section>
        ) : (
          <Nothing title={t("tills.none")} text={t("tills.noneTodo")} />
        )
      ) : (
        <>
          {narrow && (
            <div style={{ marginBottom: 12 }}>
              <Search width="100%" />
            </div>
          )}
          {undecided.length > 0 && (
            <div style={{ marginBottom: 12 }}>
              <Link to="/decisions" className="chip">
                <IconRed size={14} className="red" /> {t("decisions.title")}{" "}
                <span className="num">{undecided.length}</span>
              </Link>
            </div>
          )}
          <fieldset className="chips" style={{ border: 0, padding: 0, margin: "0 0 12px" }}>
            <legend className="hidden">{t("tills.filter")}</legend>
            <button
              type="button"
              className="chip"
              aria-pressed={!filter.state}
              onClick={() => put("state", undefined)}
            >
              {t("tills.all")} <span className="num">{found.all}</span>
            </button>
            {LIGHTS.map((light) => {
              const count = found.states[light];
              if (count === 0 && filter.state !== light) return null;
              const Icon = LIGHT_ICONS[light];
              return (
                <button
                  key={light}
                  type="button"
                  className="chip"
                  aria-pressed={filter.state === light}
                  onClick={() => put("state", filter.state === light ? undefined : light)}
                >
                  <Icon size={14} className={light} /> {t(`lights.${light}`)}{" "}
                  <span className="num">{count}</span>
                </button>
              );
            })}
            {(["yes", "no"] as const).map((value) => {
              const count = value === "yes" ? found.serviced : undefined;
              // That nobody works on them is asked for by links of other pages.
              if (filter.service !== value && !count) return null;
              return (
                <button
                  key={value}
                  type="button"
                  className="chip"
                  aria-pressed={filter.service === value}
                  onClick={() => put("service", filter.service === value ? undefined : value)}
                >
                  <IconService size={14} /> {t(value === "yes" ? "upkeep.chip" : "upkeep.not")}{" "}
                  {count !== undefined && <span className="num">{count}</span>}
                </button>
              );
            })}
            <NodeFilter value={filter.node} onChange={(node) => put("node", node)} />
            {narrow && (
              <button
                type="button"
                className="chip"
                aria-pressed={filter.byStop}
                onClick={() => put("sort", filter.byStop ? "" : "stop")}
              >
                {t("stop.sort")}
              </button>
            )}
          </fieldset>
          <fieldset className="chips" style={{ border: 0, padding: 0, margin: "0 0 12px" }}>
            <legend className="hidden">{t("aspects.filter")}</legend>
            {ASPECT_NAMES.map((name) => {
              const count = found.aspects.get(name) ?? 0;
              if (count === 0 && filter.aspect !== name) return null;
              return (
                <button
                  key={name}
                  type="button"
                  className="chip"
                  aria-pressed={filter.aspect === name}
                  onClick={() => put("aspect", filter.aspect === name ? undefined : name)}
                >
                  {t(`aspects.${name}`)} <span className="num">{count}</span>
                </button>
              );
            })}
          </fieldset>
          <div className="listtools">
            <span className="quiet small num" role="status">
              {all.length < total
                ? t("tillList.coming", { shown: all.length, total })
                : t("tillList.shown", { shown: found.rows.length, total })}
            </span>
            <Kept
              params={params}
              onChoose={(query) => setParams(new URLSearchParams(query), { replace: true })}
            />
            {!narrow && <ColumnsMenu hidden={hidden} onChange={setHidden} />}
            <SelectionBar tills={found.rows} disabled={all.length < total} />
            <Export tills={found.rows} disabled={all.length < total} />
          </div>
          {found.rows.length === 0 ? (
            <NothingByFilter onClear={clear} />
          ) : narrow ? (
            <TillCards tills={found.rows} />
          ) : (
            <div {...tills.guard}>
              <TillTable
                tills={found.rows}
                columns={columns}
                byStop={filter.byStop}
                onSort={() => put("sort", filter.byStop ? "" : "stop")}
              />
            </div>
          )}
        </>
      )}
    </>
  );
}
