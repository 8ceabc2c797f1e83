import { Button, Loader, SegmentedControl } from "@mantine/core";
import { type PointerEvent, type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { NothingByFilter, NothingInPeriod, Unread } from "../ui/Nothing";
import { useNow } from "../ui/time";
import { beginning, PERIODS, type Period, periodOf } from "./period";

/** Filters of a list live in the address. */
export function useParam(name: string): [string, (value: string) => void] {
  const [params, setParams] = useSearchParams();
  const set = (value: string) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  return [params.get(name) ?? "", set];
}

export function usePeriod() {
  const [text, set] = useParam("period");
  const now = useNow(60_000);
  const period = periodOf(text);
  return { period, from: beginning(period, now), set: (p: Period) => set(p === "all" ? "" : p) };
}

export function PeriodSwitch({ period, onChange }: { period: Period; onChange: (p: Period) => void }) {
  const { t } = useTranslation();
  return (
    <SegmentedControl
      size="xs"
      value={period}
      onChange={(v) => onChange(v as Period)}
      data={PERIODS.map((p) => ({ value: p, label: t(`periods.${p}`) }))}
      aria-label={t("periods.title")}
    />
  );
}

/**
 * New rows do not push away the one under the cursor: while the pointer is over the list they wait behind a
 * button.
 */
export function useHeld<T>(rows: readonly T[], keyOf: (row: T) => string) {
  const [head, setHead] = useState<string>();
  const first = rows[0] === undefined ? undefined : keyOf(rows[0]);
  const at = head === undefined ? 0 : rows.findIndex((r) => keyOf(r) === head);
  const waiting = Math.max(0, at);
  return {
    rows: waiting > 0 ? rows.slice(waiting) : rows,
    waiting,
    release: () => setHead(first),
    guard: {
      onPointerEnter: (e: PointerEvent) => {
        if (e.pointerType === "mouse") setHead(first);
      },
      onPointerLeave: () => setHead(undefined),
    },
  };
}

/** Rows that are held, under the button that lets the new ones in. */
export function Held(p: {
  held: Pick<ReturnType<typeof useHeld>, "guard" | "waiting" | "release">;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const { held } = p;
  return (
    <div {...held.guard}>
      {held.waiting > 0 && (
        <button type="button" className="chip" style={{ marginBottom: 8 }} onClick={held.release}>
          {t("more.fresh", { count: held.waiting })}
        </button>
      )}
      {p.children}
    </div>
  );
}

/** A list that is read page by page, as far as drawing it needs to know. */
type Pages = {
  isPending: boolean;
  data: unknown;
  error: unknown;
  refetch: () => unknown;
  hasNextPage: boolean;
  isFetchNextPageError: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
};

/** Which of the filters keep rows away: none, only the days, or others. */
export type Narrowed = "none" | "days" | "filter";

/** Of the filters that are set: days are widened, everything else is taken away. */
export function narrowedBy(fields: readonly string[]): Narrowed {
  if (fields.length === 0) return "none";
  return fields.every((f) => f === "from" || f === "to") ? "days" : "filter";
}

/** A list under filters: its rows and what goes on under them, or which of the states without rows it is in. */
export function Listed(p: {
  list: Pages;
  /** Rows there are to show. */
  count: number;
  narrowed: Narrowed;
  /** What to say when there is nothing at all. */
  none: ReactNode;
  onWiden?: () => void;
  onClear: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const { list, count } = p;
  if (list.isPending) return <Loader aria-label={t("loading")} />;
  // Rows that were read stay when the next ones, or the same ones again, could not be.
  const unread = (
    <Unread
      error={list.error}
      onClear={p.narrowed === "filter" ? p.onClear : undefined}
      onRetry={() => void (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch())}
    />
  );
  if (!list.data) return unread;
  if (count === 0 && !list.hasNextPage && !list.error) {
    if (p.narrowed === "none") return p.none;
    return p.narrowed === "days" ? (
      <NothingInPeriod onWiden={p.onWiden ?? p.onClear} />
    ) : (
      <NothingByFilter onClear={p.onClear} />
    );
  }
  return (
    <>
      {p.children}
      {list.error ? (
        unread
      ) : (
        <More
          shown={count}
          hasNext={list.hasNextPage}
          loading={list.isFetchingNextPage}
          onMore={() => void list.fetchNextPage()}
          hungry={count === 0}
        />
      )}
    </>
  );
}

/** Button under a list, or the word that this is all. */
export function More(p: {
  shown: number;
  hasNext: boolean;
  loading: boolean;
  onMore: () => void;
  /** Nothing passes the filter yet: read on by ourselves. */
  hungry?: boolean;
}) {
  const { t } = useTranslation();
  const { hungry, hasNext, loading, onMore } = p;
  useEffect(() => {
    if (hungry && hasNext && !loading) onMore();
  }, [hungry, hasNext, loading, onMore]);
  return (
    <div style={{ display: "flex", alignItems: "center", gap: 12, marginTop: 12 }}>
      <span className="quiet small">{t("more.shown", { count: p.shown })}</span>
      {hasNext ? (
        <Button variant="default" size="xs" onClick={onMore} loading={loading}>
          {t("more.act")}
        </Button>
      ) : (
        <span className="quiet small">{t("more.end")}</span>
      )}
    </div>
  );
}
