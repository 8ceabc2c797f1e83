import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Checkbox, Loader, NativeSelect, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { NotifyDigest, NotifyService, type NotifySettings } from "../gen/cabinet/v1/notify_pb";
import { useDone } from "../people/dialogs";
import { Unread } from "../ui/Nothing";
import { LANGS } from "../words";
import { useAnew, WhyNot } from "./parts";
import { useWhyNot } from "./words";

const two = (n: number) => n.toString().padStart(2, "0");

/** Minutes since midnight as a field of time has them. */
export const clockOf = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

/** What a field of time has, as minutes since midnight; undefined when it is empty. */
export function minutesOf(text: string): number | undefined {
  const m = /^(\d\d):(\d\d)/.exec(text);
  return m ? Number(m[1]) * 60 + Number(m[2]) : undefined;
}

const ZONES: readonly string[] = Intl.supportedValuesOf?.("timeZone") ?? [];

/** Language, quiet hours and summary of the person. */
export function SettingsForm() {
  const { t } = useTranslation();
  const settings = useQuery(NotifyService.method.getNotifySettings, {});
  if (settings.isPending) return <Loader aria-label={t("loading")} />;
  if (!settings.data?.settings)
    return <Unread error={settings.error} onRetry={() => void settings.refetch()} />;
  return (
    <section>
      <Title order={2} mb="sm">
        {t("notify.settings.title")}
      </Title>
      <Form settings={settings.data.settings} />
    </section>
  );
}

function Form({ settings }: { settings: NotifySettings }) {
  const { t } = useTranslation();
  const whyNot = useWhyNot();
  const anew = useAnew();
  const done = useDone();
  const [s, setS] = useState(settings);
  const [quiet, setQuiet] = useState(settings.quietFrom !== settings.quietTo);
  const change = (part: Partial<NotifySettings>) => setS((was) => ({ ...was, ...part }));
  const save = useMutation(NotifyService.method.setNotifySettings, {
    onSuccess: () => {
      anew();
      done(t("notify.settings.saved"));
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate({ settings: quiet ? s : { ...s, quietFrom: 0, quietTo: 0 } });
  };
  const zones = ZONES.includes(s.zone) ? ZONES : [s.zone, ...ZONES];
  const setTime = (name: "quietFrom" | "quietTo" | "digestAt", text: string) => {
    const minutes = minutesOf(text);
    if (minutes !== undefined) change({ [name]: minutes });
  };
  return (
    <form className="notifyform" onSubmit={submit}>
      <div className="notifyrow">
        <NativeSelect
          label={t("notify.settings.language")}
          value={s.language}
          onChange={(e) => change({ language: e.currentTarget.value })}
          data={LANGS.map((l) => ({ value: l.lang, label: l.name }))}
        />
        <NativeSelect
          label={t("notify.settings.zone")}
          value={s.zone}
          onChange={(e) => change({ zone: e.currentTarget.value })}
          data={[...zones]}
        />
      </div>
      <div style={{ display: "grid", gap: 8 }}>
        <Checkbox
          label={t("notify.settings.quiet")}
          checked={quiet}
          onChange={(e) => {
            setQuiet(e.currentTarget.checked);
            if (s.quietFrom === s.quietTo) change({ quietFrom: 22 * 60, quietTo: 8 * 60 });
          }}
        />
        {quiet && (
          <>
            <div className="notifyrow">
              <TextInput
                type="time"
                label={t("notify.settings.quietOn")}
                value={clockOf(s.quietFrom)}
                onChange={(e) => setTime("quietFrom", e.currentTarget.value)}
              />
              <TextInput
                type="time"
                label={t("notify.settings.quietTo")}
                value={clockOf(s.quietTo)}
                onChange={(e) => setTime("quietTo", e.currentTarget.value)}
              />
            </div>
            <Checkbox
              label={t("notify.settings.urgent")}
              description={t("notify.settings.urgentWhat")}
              checked={s.urgentPasses}
              onChange={(e) => change({ urgentPasses: e.currentTarget.checked })}
            />
          </>
        )}
      </div>
      <div className="notifyrow">
        <NativeSelect
          label={t("notify.settings.digest")}
          description={t("notify.settings.digestWhat")}
          value={String(s.digest)}
          onChange={(e) => change({ digest: Number(e.currentTarget.value) })}
          data={[
            { value: String(NotifyDigest.UNSPECIFIED), label: t("notify.settings.digests.none") },
            { value: String(NotifyDigest.HOURLY), label: t("notify.settings.digests.hourly") },
            { value: String(NotifyDigest.DAILY), label: t("notify.settings.digests.daily") },
          ]}
        />
        {s.digest === NotifyDigest.DAILY && (
          <TextInput
            type="time"
            label={t("notify.settings.digestAt")}
            value={clockOf(s.digestAt)}
            onChange={(e) => setTime("digestAt", e.currentTarget.value)}
          />
        )}
      </div>
      <WhyNot text={save.error ? whyNot(save.error) : undefined} />
      <div>
        <Button type="submit" loading={save.isPending}>
          {t("notify.settings.save")}
        </Button>
      </div>
    </form>
  );
}
