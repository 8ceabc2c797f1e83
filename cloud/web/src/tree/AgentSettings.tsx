import { useMutation } from "@connectrpc/connect-query";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { newId } from "../fleet/actions";
import { TreeService } from "../gen/cabinet/v1/tree_pb";
import { useSettings } from "./OperatorChoice";
import { useTreeTrouble } from "./reasons";

/** Hours of an agent that may change its version at any time. */
const NO_HOURS = "-";

/** What is given here; the rest stays as it was chosen. */
type Chosen = Partial<Record<"title" | "finishPrint" | "rushHours", string>>;

/** Name of the till at its agent, what happens when paper is back, and when the agent keeps its version. */
export function AgentSettings({
  tillId,
  name,
  onDone,
}: {
  tillId: string;
  name: string;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const trouble = useTreeTrouble();
  const [title, setTitle] = useState<string>();
  const [finish, setFinish] = useState<string>();
  const [hours, setHours] = useState<string>();
  const settings = useSettings(tillId, 2000);
  const change = useMutation(TreeService.method.changeSettings, {
    onSuccess: async () => {
      onDone();
      await settings.refetch();
      // From here on what was kept is shown, as it was kept.
      setFinish(undefined);
      setHours(undefined);
    },
  });
  const held = settings.data?.settings;
  const has = (what: "finishPrint" | "rushHours") => held?.wanted?.[what] || held?.reported?.[what] || "";
  const shown = (hours: string) => (hours === NO_HOURS ? "" : hours.replaceAll(",", ", "));
  if (!held) return null;
  const draft = {
    title: title ?? name,
    finishPrint: finish ?? (has("finishPrint") || "auto"),
    rushHours: hours ?? shown(has("rushHours")),
  };
  const chosen: Chosen = {};
  if (draft.title.trim() !== name && draft.title.trim() !== "") chosen.title = draft.title.trim();
  if (finish !== undefined && finish !== has("finishPrint")) chosen.finishPrint = finish;
  if (hours !== undefined && hours.trim() !== shown(has("rushHours")))
    chosen.rushHours = hours.trim() === "" ? NO_HOURS : hours.trim();
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (Object.keys(chosen).length > 0)
      change.mutate({
        tillId,
        commandId: newId(),
        settings: { version: held.wanted?.version ?? 0n, ...chosen },
      });
  };
  return (
    <form onSubmit={submit} className="fieldsrow" aria-label={t("connect.settings")}>
      <TextInput
        label={t("tree.name")}
        value={draft.title}
        maxLength={100}
        disabled={!held.mayChange}
        onChange={(e) => setTitle(e.currentTarget.value)}
      />
      <NativeSelect
        label={t("twin.finishPrint")}
        value={draft.finishPrint}
        disabled={!held.mayChange}
        onChange={(e) => setFinish(e.currentTarget.value)}
        data={[
          { value: "auto", label: t("twin.printAuto") },
          { value: "ask", label: t("twin.printAsk") },
        ]}
      />
      <TextInput
        label={t("twin.rushHours")}
        description={t("connect.rushWhat")}
        placeholder="08:00-22:00"
        value={draft.rushHours}
        maxLength={200}
        disabled={!held.mayChange}
        onChange={(e) => setHours(e.currentTarget.value)}
      />
      {held.mayChange && (
        <Button
          type="submit"
          variant="default"
          loading={change.isPending}
          disabled={Object.keys(chosen).length === 0}
        >
          {t("tree.save")}
        </Button>
      )}
      {change.error && (
        <div role="alert" className="red">
          {trouble(change.error)}
        </div>
      )}
    </form>
  );
}
