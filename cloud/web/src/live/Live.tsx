import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { notifyManager, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { gather } from "./gather";
import { Merger } from "./merge";
import { type Link, watch } from "./watch";

type LiveValue = { link: Link; merger: Merger };

const LiveContext = createContext<LiveValue | undefined>(undefined);

/** Keeps one stream for the page: all tills, or the one that is open. */
export function LiveProvider({ tillId, children }: { tillId: string; children: ReactNode }) {
  const transport = useTransport();
  const queries = useQueryClient();
  const merger = useMemo(() => new Merger(queries, transport), [queries, transport]);
  const [link, setLink] = useState<Link>("connecting");

  useEffect(() => {
    const stop = new AbortController();
    void watch({
      client: createClient(FleetService, transport),
      tillId,
      onChange: gather((changes) => notifyManager.batch(() => merger.all(changes))),
      onLink: setLink,
      onRefresh: () => void queries.invalidateQueries({ refetchType: "active" }),
      signal: stop.signal,
    });
    return () => stop.abort();
  }, [transport, queries, merger, tillId]);

  const value = useMemo(() => ({ link, merger }), [link, merger]);
  return <LiveContext.Provider value={value}>{children}</LiveContext.Provider>;
}

export function useLive(): LiveValue {
  const value = useContext(LiveContext);
  if (!value) throw new Error("useLive outside LiveProvider");
  return value;
}
