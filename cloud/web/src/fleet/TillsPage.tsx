import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { Search, useNarrow } from "../app/Frame";
import { useUndecided } from "../decisions/undecided";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";
import { money } from "../ui/format";
import { IconRed } from "../ui/icons";
import { Nothing, NothingByFilter, Unread } from "../ui/Nothing";
import { Fact } from "../ui/State";
import { Enrol, EnrolDialog } from "./Enrol";
import {
  AgentCell,
  FNCell,
  LastCell,
  None,
  ShiftCell,
  StateCell,
  StopCell,
  UnsentCell,
  useLang,
} from "./facts";
import { byAttention, keepOrder, LIGHT_ICONS, LIGHTS, type LightName, lightOf, matches } from "./light";
import { ASPECT_NAMES, ails, soonerFirst } from "./troubles";

const NO_TILLS: readonly Till[] = [];

/** «Кассы»: which tills need me? */
export default function TillsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const [params, setParams] = useSearchParams();
  const [enrolling, setEnrolling] = useState(false);
  const list = useQuery(FleetService.method.listTills, inputs.tills, { enabled: can("tills:view") });
  const { list: undecided } = useUndecided();
  const q = params.get("q") ?? "";
  const only = params.get("state") as LightName | null;
  const all = list.data?.tills;
  const tills = useOrder(all ?? NO_TILLS);
  const aspect = ASPECT_NAMES.find((x) => x === params.get("aspect"));
  const byStop = params.get("sort") === "stop";
  const found = tills.rows.filter(
    (x) => (!only || lightOf(x) === only) && (!aspect || ails(x, aspect)) && matches(x, q),
  );
  if (byStop) found.sort(soonerFirst);

  const put = (name: "state" | "aspect" | "sort", value: string | undefined) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const choose = (light: LightName | undefined) => put("state", light);
  const clear = () => setParams({}, { replace: true });

  return (
    <>
      <div className="title">
        <Title order={1}>{t("tills.title")}</Title>
        <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
          {can("tills:view") && all && all.length > 0 && (
            <Button variant="default" component={Link} to="/thresholds">
              {t("thresholds.title")}
            </Button>
          )}
          {can("tills:configure") && all && all.length > 0 && (
            <Button onClick={() => setEnrolling(true)}>{t("enrol.title")}</Button>
          )}
        </div>
      </div>

      {!can("tills:view") ? (
        <Nothing title={t("nothing.forbidden")} text={t("nothing.forbiddenTodo", { code: "tills:view" })} />
      ) : list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !all ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
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
            <button type="button" className="chip" aria-pressed={!only} onClick={() => choose(undefined)}>
              {t("tills.all")} <span className="num">{all.length}</span>
            </button>
            {LIGHTS.map((light) => {
              const count = all.filter((x) => lightOf(x) === light).length;
              if (count === 0 && only !== light) return null;
              const Icon = LIGHT_ICONS[light];
              return (
                <button
                  key={light}
                  type="button"
                  className="chip"
                  aria-pressed={only === light}
                  onClick={() => choose(only === light ? undefined : light)}
                >
                  <Icon size={14} className={light} /> {t(`lights.${light}`)}{" "}
                  <span className="num">{count}</span>
                </button>
              );
            })}
          </fieldset>
          <fieldset className="chips" style={{ border: 0, padding: 0, margin: "0 0 12px" }}>
            <legend className="hidden">{t("aspects.filter")}</legend>
            {ASPECT_NAMES.map((name) => {
              const count = all.filter((x) => ails(x, name)).length;
              if (count === 0 && aspect !== name) return null;
              return (
                <button
                  key={name}
                  type="button"
                  className="chip"
                  aria-pressed={aspect === name}
                  onClick={() => put("aspect", aspect === name ? undefined : name)}
                >
                  {t(`aspects.${name}`)} <span className="num">{count}</span>
                </button>
              );
            })}
          </fieldset>
          {found.length === 0 ? (
            <NothingByFilter onClear={clear} />
          ) : narrow ? (
            <Cards tills={found} />
          ) : (
            <div {...tills.guard}>
              <TillTable tills={found} byStop={byStop} onSort={() => put("sort", byStop ? "" : "stop")} />
            </div>
          )}
        </>
      )}
      <EnrolDialog opened={enrolling} onClose={() => setEnrolling(false)} tills={all ?? []} />
    </>
  );
}

/**
 * Problems first, but nothing moves under the cursor: while the pointer or the keyboard is among the rows, or a
 * finger has just been there, rows keep their places.
 */
function useOrder(tills: readonly Till[]) {
  const inside = useRef(false);
  const touched = useRef(0);
  const [order, setOrder] = useState<string[]>([]);
  const wanted = useMemo(() => [...tills].sort(byAttention).map((x) => x.id), [tills]);

  useEffect(() => {
    const busy = () => inside.current || Date.now() - touched.current < 5000;
    const settle = () => setOrder((shown) => keepOrder(shown, wanted, !busy()));
    settle();
    const touch = () => {
      touched.current = Date.now();
    };
    // Rows may move again a while after the last touch.
    const timer = setInterval(settle, 2000);
    window.addEventListener("touchstart", touch, { passive: true });
    window.addEventListener("touchmove", touch, { passive: true });
    return () => {
      clearInterval(timer);
      window.removeEventListener("touchstart", touch);
      window.removeEventListener("touchmove", touch);
    };
  }, [wanted]);

  const rows = useMemo(() => {
    const byId = new Map(tills.map((x) => [x.id, x]));
    return keepOrder(order, wanted, false).flatMap((id) => byId.get(id) ?? []);
  }, [tills, order, wanted]);

  const guard = {
    onPointerEnter: (e: PointerEvent) => {
      if (e.pointerType === "mouse") inside.current = true;
    },
    onPointerLeave: () => {
      inside.current = false;
    },
    onFocus: () => {
      inside.current = true;
    },
    onBlur: () => {
      inside.current = false;
    },
  };
  return { rows, guard };
}

function TillTable({
  tills,
  byStop,
  onSort,
}: {
  tills: readonly Till[];
  byStop: boolean;
  onSort: () => void;
}) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const navigate = useNavigate();
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("tills.title")}>
        <thead>
          <tr>
            <th scope="col" style={{ minWidth: 190 }}>
              {t("cols.state")}
            </th>
            <th scope="col" style={{ minWidth: 110 }}>
              {t("cols.modelSerial")}
            </th>
            <th scope="col" style={{ minWidth: 120 }}>
              {t("cols.outlet")}
            </th>
            <th scope="col">{t("cols.fn")}</th>
            <th scope="col">{t("cols.shift")}</th>
            {can("money:view") && (
              <th scope="col" className="right">
                {t("cols.revenue")}
              </th>
            )}
            <th scope="col">{t("cols.last")}</th>
            <th scope="col">{t("cols.unsent")}</th>
            <th scope="col" style={{ minWidth: 120 }} aria-sort={byStop ? "ascending" : undefined}>
              <button
                type="button"
                className="sort"
                title={t(byStop ? "stop.usual" : "stop.sort")}
                onClick={onSort}
              >
                {t("cols.stop")} <span aria-hidden>{byStop ? "↑" : "↕"}</span>
              </button>
            </th>
            <th scope="col">{t("cols.agent")}</th>
          </tr>
        </thead>
        <tbody>
          {tills.map((till) => {
            const to = `/tills/${encodeURIComponent(till.id)}`;
            return (
              <tr
                key={till.id}
                className="link"
                onClick={(e) => {
                  // The name is the link; the rest of the row only helps the mouse.
                  if (!(e.target as Element).closest("a, button") && !getSelection()?.toString())
                    navigate(to);
                }}
              >
                <td>
                  <Fact value={`${till.light} ${till.state?.problems.map((p) => p.code).join()}`}>
                    <StateCell till={till} />
                  </Fact>
                </td>
                <td>
                  <Link to={to}>{till.name}</Link>
                  <div className="small quiet nowrap">{till.state?.model}</div>
                  <div className="small quiet">{till.state?.serial}</div>
                </td>
                <td>{till.outlet || <None />}</td>
                <td>
                  <FNCell till={till} />
                </td>
                <td>
                  <ShiftCell till={till} />
                </td>
                {can("money:view") && (
                  <td className="right nowrap">
                    <Fact value={till.shiftTotal}>{money(till.shiftTotal, lang)}</Fact>
                    <div className="small quiet">{t("receipts", { count: till.shiftReceipts })}</div>
                  </td>
                )}
                <td>
                  <Fact value={till.state?.lastFd ?? 0}>
                    <LastCell till={till} />
                  </Fact>
                </td>
                <td>
                  <UnsentCell till={till} />
                </td>
                <td>
                  <StopCell till={till} />
                </td>
                <td>
                  <AgentCell till={till} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ tills }: { tills: readonly Till[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  return (
    <ul className="cards" aria-label={t("tills.title")}>
      {tills.map((till) => (
        <li key={till.id}>
          <Link className="card" to={`/tills/${encodeURIComponent(till.id)}`}>
            <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
              <span className="strong">{till.name}</span>
              <span className="quiet" style={{ textAlign: "right" }}>
                {till.outlet}
              </span>
            </div>
            <div style={{ marginTop: 4 }}>
              <StateCell till={till} />
            </div>
            <dl className="pairs">
              <dt>{t("cols.model")}</dt>
              <dd>
                <div className="nowrap">{till.state?.model || "—"}</div>
                {till.state?.serial && (
                  <div className="small quiet nowrap">
                    {t("cols.serial")} {till.state.serial}
                  </div>
                )}
              </dd>
              <dt>{t("cols.fn")}</dt>
              <dd>
                <FNCell till={till} />
              </dd>
              <dt>{t("cols.shift")}</dt>
              <dd>
                <ShiftCell till={till} />
              </dd>
              {can("money:view") && (
                <>
                  <dt>{t("cols.revenue")}</dt>
                  <dd>
                    <div className="nowrap">{money(till.shiftTotal, lang)}</div>
                    <div className="small quiet nowrap">{t("receipts", { count: till.shiftReceipts })}</div>
                  </dd>
                </>
              )}
              <dt>{t("cols.last")}</dt>
              <dd>
                <LastCell till={till} />
              </dd>
              <dt>{t("cols.unsent")}</dt>
              <dd>
                <UnsentCell till={till} long />
              </dd>
              <dt>{t("cols.stop")}</dt>
              <dd>
                <StopCell till={till} />
              </dd>
              <dt>{t("cols.agent")}</dt>
              <dd>
                <AgentCell till={till} />
              </dd>
            </dl>
          </Link>
        </li>
      ))}
    </ul>
  );
}
