import { Button, SegmentedControl } from "@mantine/core";
import { type PointerEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
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
