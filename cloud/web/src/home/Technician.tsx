/** «Главная» of who keeps the tills going: what kinds of problems there are, on how many tills, and what waits for a person. */
import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useUndecided } from "../decisions/undecided";
import { LIGHT_ICONS, LIGHTS, lightOf } from "../fleet/light";
import { ASPECTS } from "../fleet/troubles";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { Light } from "../gen/cabinet/v1/light_pb";
import { inputs } from "../live/merge";
import { IconGreen, IconService } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { problemKinds } from "./figures";

export function Technician() {
  const { t } = useTranslation();
  const { can } = useSession();
  const list = useQuery(FleetService.method.listTills, inputs.tills);
  const { list: undecided } = useUndecided();
  if (list.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data) return <Unread error={list.error} onRetry={() => void list.refetch()} />;
  const tills = list.data.tills;
  if (tills.length === 0)
    return can("tills:configure") ? (
      <Nothing
        title={t("tills.none")}
        text={t("tills.firstTodo")}
        act={
          <Button component={Link} to="/connect">
            {t("enrol.title")}
          </Button>
        }
      />
    ) : (
      <Nothing title={t("tills.none")} text={t("tills.noneTodo")} />
    );
  // Who works on a till knows what is wrong with it: it is counted by itself.
  const serviced = tills.filter((x) => x.maintenance).length;
  const others = tills.filter((x) => !x.maintenance);
  const rest = serviced > 0 ? "&service=no" : "";
  const kinds = problemKinds(others);
  const away = new Set(tills.filter((x) => x.agentId && !x.agentOnline).map((x) => x.agentId)).size;
  const late = lateShifts(tills);
  return (
    <section aria-label={t("front.tills")}>
      <Title order={2}>{t("front.tills")}</Title>
      <div className="chips" style={{ margin: "8px 0 12px" }}>
        {LIGHTS.map((light) => {
          const Icon = LIGHT_ICONS[light];
          const count = tills.filter((x) => lightOf(x) === light).length;
          return (
            <Link key={light} className="chip" to={`/tills?state=${light}`}>
              <Icon className={light} /> {t(`lights.${light}`)} <span className="strong num">{count}</span>
            </Link>
          );
        })}
        {serviced > 0 && (
          <Link className="chip" to="/tills?service=yes">
            <IconService /> {t("upkeep.chip")} <span className="strong num">{serviced}</span>
          </Link>
        )}
      </div>
      <div style={{ display: "grid", gap: 12, gridTemplateColumns: "repeat(auto-fit, minmax(300px, 1fr))" }}>
        <div className="panel">
          <Title order={3} size="h2">
            {t("front.problems")}
          </Title>
          {kinds.length === 0 ? (
            <p className="mark" style={{ margin: "8px 0 0" }}>
              <IconGreen className="green" /> <span>{t("front.noProblems")}</span>
            </p>
          ) : (
            <table className="table" aria-label={t("front.problems")}>
              <tbody>
                {kinds.map((k) => {
                  const Icon = LIGHT_ICONS[k.red > 0 ? "red" : "yellow"];
                  return (
                    <tr key={k.aspect}>
                      <td>
                        <span className="mark">
                          <Icon className={k.red > 0 ? "red" : "yellow"} />
                          <Link to={`/tills?aspect=${k.aspect}${rest}`}>{t(`aspects.${k.aspect}`)}</Link>
                        </span>
                      </td>
                      <td className="right strong">{k.red + k.yellow}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )}
        </div>
        <div className="panel">
          <Title order={3} size="h2">
            {t("front.waiting")}
          </Title>
          <dl className="pairs">
            <dt>
              <Link to="/decisions">{t("decisions.title")}</Link>
            </dt>
            <dd className={`num strong ${undecided.length > 0 ? "red" : ""}`}>{undecided.length}</dd>
            <dt>
              <Link to="/agents">{t("front.away")}</Link>
            </dt>
            <dd className={`num strong ${away > 0 ? "yellow" : ""}`}>{away}</dd>
            <dt>
              <Link to="/shifts?only=late">{t("shifts.only.late")}</Link>
            </dt>
            <dd className={`num strong ${late > 0 ? "red" : ""}`}>{late}</dd>
          </dl>
        </div>
      </div>
    </section>
  );
}

/** Tills whose shift is over its limit. */
function lateShifts(tills: readonly Till[]): number {
  return tills.filter((x) => x.cells.some((c) => c.aspect === ASPECTS.shift && c.light === Light.RED)).length;
}
