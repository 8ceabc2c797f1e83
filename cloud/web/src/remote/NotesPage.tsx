import { useQuery } from "@connectrpc/connect-query";
import { Loader, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";
import { Nothing, Unread } from "../ui/Nothing";
import { useUnread } from "./unread";

/** «Переписка»: about which tills did somebody write to me? */
export default function NotesPage() {
  const { t } = useTranslation();
  const { query, tills } = useUnread();
  const list = useQuery(FleetService.method.listTills, inputs.tills);
  const named = new Map(list.data?.tills.map((x) => [x.id, x]));
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("remote.notes.title")}</Title>
          <p className="quiet" style={{ margin: "4px 0 0" }}>
            {t("remote.notes.what")}
          </p>
        </div>
      </div>
      {query.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !query.data ? (
        <Unread error={query.error} onRetry={() => void query.refetch()} />
      ) : tills.length === 0 ? (
        <Nothing title={t("remote.notes.none")} text={t("remote.notes.noneTodo")} />
      ) : (
        <ul className="cards" aria-label={t("remote.notes.title")} style={{ maxWidth: 760 }}>
          {tills.map((x) => (
            <li key={x.tillId} className="card">
              <Link to={`/tills/${encodeURIComponent(x.tillId)}/notes`} className="strong">
                {named.get(x.tillId)?.name ?? x.tillId}
              </Link>
              <div className="quiet">
                {[named.get(x.tillId)?.outlet, t("remote.notes.unread", { count: x.count })]
                  .filter(Boolean)
                  .join(" · ")}
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
