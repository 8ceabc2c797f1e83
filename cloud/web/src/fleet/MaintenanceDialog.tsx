import { useMutation } from "@connectrpc/connect-query";
import { Button, Group, Modal, Select, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { isoDay } from "../home/figures";
import { Unread } from "../ui/Nothing";
import { Upkeep } from "./upkeep";

const TERMS = ["hour", "day", "date"] as const;
type Term = (typeof TERMS)[number];

/** The cabinet takes no longer one. */
const MOST_DAYS = 30;

/** The last minute of a day. */
function endOf(day: Date): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate(), 23, 59);
}

/** When it ends; undefined for a day that is none, or lies behind or too far ahead. */
export function endFor(term: Term, date: string, now: Date): Date | undefined {
  if (term === "hour") return new Date(now.getTime() + 3_600_000);
  if (term === "day") {
    const end = endOf(now);
    // A minute before midnight the day is over: the next one is meant.
    return end.getTime() - now.getTime() > 60_000 ? end : endOf(new Date(end.getTime() + 3_600_000));
  }
  const [y, m, d] = date.split("-").map(Number);
  if (!y || !m || !d) return undefined;
  const end = endOf(new Date(y, m - 1, d));
  const most = now.getTime() + MOST_DAYS * 86_400_000;
  return end.getTime() > now.getTime() && end.getTime() <= most ? end : undefined;
}

/** Until when somebody works on tills, and what for; or that they are done. */
export default function MaintenanceDialog({
  tills,
  onClose,
}: {
  tills: readonly Till[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const going = tills.filter((x) => x.maintenance);
  const [term, setTerm] = useState<Term>("hour");
  const [date, setDate] = useState("");
  const [reason, setReason] = useState(tills.length === 1 ? (tills[0]?.maintenance?.reason ?? "") : "");
  // The list behind the dialog lives on; this is about the tills as they were chosen.
  const [tillIds] = useState(() => tills.map((x) => x.id));
  const set = useMutation(FleetService.method.setMaintenance, { onSuccess: onClose });
  const now = new Date();
  const end = endFor(term, date, now);
  const first = isoDay(now);
  const last = isoDay(new Date(now.getTime() + (MOST_DAYS - 1) * 86_400_000));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const at = endFor(term, date, new Date());
    if (at) set.mutate({ tillIds, untilMs: BigInt(at.getTime()), reason: reason.trim() });
  };
  const [one] = tills;
  return (
    <Modal
      opened
      onClose={onClose}
      title={<span className="strong">{t("maintenance.title")}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <div className="strong">
          {tills.length === 1 && one
            ? [one.name, one.outlet].filter(Boolean).join(" · ")
            : t("notify.feed.tills", { count: tills.length })}
        </div>
        {tills.length === 1 && one ? (
          <Upkeep till={one} />
        ) : (
          going.length > 0 && (
            <div className="small quiet">
              {t("maintenance.going")}: <span className="num">{going.length}</span>
            </div>
          )
        )}
        <p className="quiet small" style={{ margin: "4px 0 12px" }}>
          {t("maintenance.what")}
        </p>
        <Select
          label={t("maintenance.until")}
          data={TERMS.map((x) => ({ value: x, label: t(`maintenance.terms.${x}`) }))}
          value={term}
          allowDeselect={false}
          onChange={(v) => setTerm(TERMS.find((x) => x === v) ?? "hour")}
        />
        {term === "date" && (
          <TextInput
            mt="sm"
            type="date"
            label={t("maintenance.date")}
            description={t("maintenance.dateMost", { count: MOST_DAYS })}
            value={date}
            min={first}
            max={last}
            required
            error={date !== "" && !end ? t("maintenance.dateBad", { count: MOST_DAYS }) : undefined}
            onChange={(e) => setDate(e.currentTarget.value)}
          />
        )}
        <TextInput
          mt="sm"
          label={t("maintenance.reason")}
          placeholder={t("maintenance.reasonLike")}
          value={reason}
          maxLength={200}
          onChange={(e) => setReason(e.currentTarget.value)}
        />
        {set.error && <Unread error={set.error} onRetry={() => set.reset()} />}
        <Group mt="lg" gap={8}>
          <Button type="submit" loading={set.isPending} disabled={!end}>
            {t("maintenance.set")}
          </Button>
          {going.length > 0 && (
            <Button
              variant="default"
              loading={set.isPending}
              onClick={() => set.mutate({ tillIds: going.map((x) => x.id) })}
            >
              {t("maintenance.end")}
            </Button>
          )}
        </Group>
      </form>
    </Modal>
  );
}
