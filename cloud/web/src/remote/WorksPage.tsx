import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useNarrow } from "../app/Frame";
import { actionKey } from "../fleet/actions";
import { RemoteService, type Work, WorkState } from "../gen/cabinet/v1/remote_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { Nothing, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { WorkBar, WorkWord } from "./WorkWords";

/** «Работы»: what is being done on many tills, and how far is it? */
export default function WorksPage() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const list = useQuery(RemoteService.method.listWorks, {}, { refetchInterval: every });
  const works = list.data?.works;
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("remote.works.title")}</Title>
          <p className="quiet" style={{ margin: "4px 0 0" }}>
            {t("remote.works.what")}
          </p>
        </div>
      </div>
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !works ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : works.length === 0 ? (
        <Nothing
          title={t("remote.works.none")}
          text={t("remote.works.noneTodo")}
          act={
            <Button variant="default" component={Link} to="/tills">
              {t("remote.works.toTills")}
            </Button>
          }
        />
      ) : narrow ? (
        <ul className="cards" aria-label={t("remote.works.title")}>
          {works.map((w) => (
            <li key={w.id} className="card">
              <div style={{ display: "flex", justifyContent: "space-between", gap: 8, flexWrap: "wrap" }}>
                <Name work={w} />
                <WorkWord state={w.state} />
              </div>
              <div className="quiet small">
                <When ms={w.createdMs} /> · {w.actor}
              </div>
              <WorkBar work={w} />
            </li>
          ))}
        </ul>
      ) : (
        <div className="tablebox">
          <table className="table" aria-label={t("remote.works.title")}>
            <thead>
              <tr>
                <th scope="col">{t("remote.works.action")}</th>
                <th scope="col">{t("remote.works.state")}</th>
                <th scope="col">{t("remote.works.progress")}</th>
                <th scope="col">{t("remote.works.started")}</th>
                <th scope="col">{t("remote.works.by")}</th>
              </tr>
            </thead>
            <tbody>
              {works.map((w) => (
                <tr key={w.id}>
                  <td>
                    <Name work={w} />
                    {w.order?.reason && <div className="quiet small">{w.order.reason}</div>}
                  </td>
                  <td>
                    <WorkWord state={w.state} />
                  </td>
                  <td>
                    <WorkBar work={w} />
                  </td>
                  <td>
                    <When ms={w.createdMs} />
                  </td>
                  <td>{w.actor}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Name({ work }: { work: Work }) {
  const { t } = useTranslation();
  return (
    <Link to={`/works/${encodeURIComponent(work.id)}`} className="strong">
      {t(actionKey(work.order?.action ?? Action.UNSPECIFIED))}
    </Link>
  );
}

/** The stream tells of every step; should it be silent, a work that goes on is asked of all the same. */
function every(q: { state: { data?: { works: Work[] } } }): number | false {
  return q.state.data?.works.some((w) => w.state === WorkState.RUNNING) ? 5000 : false;
}
