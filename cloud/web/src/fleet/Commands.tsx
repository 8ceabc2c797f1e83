import { Loader } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ListCommandsResponse } from "../gen/cabinet/v1/commands_pb";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { IconDown } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { Spoken } from "../ui/Spoken";
import { Checklist, CommandHead } from "./Checklist";

/** Journal of commands: who asked what of the till, and what came out, step by step. */
export function Commands(p: {
  till: Till;
  list: { data?: ListCommandsResponse; error: unknown; isPending: boolean; refetch: () => unknown };
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { data, error, isPending, refetch } = p.list;
  if (isPending) return <Loader aria-label={t("loading")} />;
  if (!data) return <Unread error={error} onRetry={() => void refetch()} />;
  if (data.commands.length === 0) return <Nothing title={t("commands.none")} text={t("commands.noneTodo")} />;
  const toggle = (id: string) =>
    setOpen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <ul className="cards" aria-label={t("tabs.commands")}>
      {data.commands.map((c) => (
        <li key={c.id} className="card">
          <button type="button" className="plain" aria-expanded={open.has(c.id)} onClick={() => toggle(c.id)}>
            <CommandHead command={c} />
            <IconDown className={open.has(c.id) ? "up" : undefined} />
          </button>
          {open.has(c.id) ? (
            <Checklist command={c} agentOnline={p.till.agentOnline} />
          ) : (
            c.run?.text && (
              <div className="quiet">
                <Spoken text={c.run.text} />
              </div>
            )
          )}
        </li>
      ))}
    </ul>
  );
}
