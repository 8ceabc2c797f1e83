import { useQuery } from "@connectrpc/connect-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";
import { IconRed } from "../ui/icons";
import { useAge, useNow } from "../ui/time";
import { stoppingSoon } from "./soon";

/** Says on every page that a till will stop within days. The tills are those the pages have read: it asks for none. */
export function SoonStrip() {
  const { t } = useTranslation();
  const age = useAge();
  const now = useNow(60_000).getTime();
  const list = useQuery(FleetService.method.listTills, inputs.tills, { enabled: false });
  const soon = stoppingSoon(list.data?.tills ?? [], now);
  const [first] = soon;
  if (!first?.stop) return null;
  const left = Number(first.stop.atMs) - now;
  return (
    <div className="strip" role="status">
      <IconRed className="red" />
      <div>
        <Link className="strong" to={`/tills/${encodeURIComponent(first.id)}`}>
          {first.name}
        </Link>{" "}
        {left > 0 ? t("tillList.stops", { length: age(left) }) : t("tillList.stopped")}:{" "}
        {t(`stop.${first.stop.cause as "ofd" | "fn_term" | "fn_room" | "autonomous"}`)}.
        {soon.length > 1 && (
          <>
            {" "}
            <Link to="/tills?sort=stop" className="nowrap">
              {t("tillList.stopsMore", { count: soon.length - 1 })}
            </Link>
          </>
        )}
      </div>
    </div>
  );
}
