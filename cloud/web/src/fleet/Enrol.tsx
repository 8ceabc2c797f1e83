import { useMutation } from "@connectrpc/connect-query";
import { Alert, Autocomplete, Button, Loader, SegmentedControl } from "@mantine/core";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { CreateEnrolmentCodeResponse } from "../gen/cabinet/v1/agents_pb";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { Copy, CopyBlock } from "../ui/Copy";
import { IconGreen } from "../ui/icons";
import { LaterModal } from "../ui/later";
import { NotDone } from "../ui/Nothing";
import { When } from "../ui/time";

type System = "windows" | "linux";

/** Command that gives a code to the agent, which has to be running. */
export function enrolCommand(system: System, cloud: string, code: string): string {
  return system === "windows"
    ? `& "C:\\Program Files\\Chekan\\chekan-agent.exe" enroll --cloud ${cloud} ${code}`
    : `sudo chekan-agent enroll --cloud ${cloud} ${code}`;
}

export function EnrolDialog(p: { opened: boolean; onClose: () => void; tills: readonly Till[] }) {
  const { t } = useTranslation();
  const outlets = [...new Set(p.tills.map((x) => x.outlet).filter(Boolean))].sort();
  return (
    <LaterModal
      opened={p.opened}
      onClose={p.onClose}
      title={<span className="strong">{t("enrol.title")}</span>}
      size={640}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Enrol outlets={outlets} tills={p.tills} onDone={p.onClose} />
    </LaterModal>
  );
}

/** One-time code, what to type beside the till, and the wait until the till appears by itself. */
export function Enrol(p: { outlets: readonly string[]; tills: readonly Till[]; onDone?: () => void }) {
  const { t } = useTranslation();
  const [outlet, setOutlet] = useState(p.outlets[0] ?? "");
  const before = useRef<Set<string>>(undefined);
  const create = useMutation(FleetService.method.createEnrolmentCode, {
    onMutate: () => {
      before.current = new Set(p.tills.map((x) => x.id));
    },
  });

  if (create.data) {
    const fresh = p.tills.filter((x) => !before.current?.has(x.id));
    return <Code answer={create.data} fresh={fresh} onAgain={() => create.reset()} onDone={p.onDone} />;
  }

  const submit = (e: FormEvent) => {
    e.preventDefault();
    create.mutate({ outlet: outlet.trim() });
  };
  return (
    <form onSubmit={submit} aria-label={t("enrol.title")}>
      <Autocomplete
        label={t("enrol.outlet")}
        description={t("enrol.outletTodo")}
        placeholder={t("enrol.outletExample")}
        data={[...p.outlets]}
        value={outlet}
        onChange={setOutlet}
        required
        withAsterisk={false}
        maxLength={100}
        maw={400}
      />
      {create.error && (
        <Alert color="gray" variant="outline" role="alert" mt="md">
          <NotDone error={create.error} />
        </Alert>
      )}
      <Button type="submit" mt="md" loading={create.isPending}>
        {t("enrol.get")}
      </Button>
    </form>
  );
}

function Code(p: {
  answer: CreateEnrolmentCodeResponse;
  fresh: readonly Till[];
  onAgain: () => void;
  onDone?: () => void;
}) {
  const { t } = useTranslation();
  const [system, setSystem] = useState<System>(/Windows/.test(navigator.userAgent) ? "windows" : "linux");
  const { code, expiresMs, cloud } = p.answer;
  // After the code proper stands the fingerprint of the cabinet's certificate: it has to be given too, but not read.
  const [short = code, ...pin] = code.split(/(?=@)/);
  const line = enrolCommand(system, cloud || window.location.origin, code);
  return (
    <div>
      <div className="quiet">{t("enrol.code")}</div>
      <div style={{ display: "flex", alignItems: "center", gap: 8, flexWrap: "wrap" }}>
        <strong className="mono" style={{ fontSize: "1.5rem", letterSpacing: "0.06em" }}>
          {short}
        </strong>
        {pin.length > 0 && <span className="mono quiet">{pin}</span>}
        <Copy text={code} label={t("enrol.code")} />
      </div>
      <div className="small quiet">
        {t("enrol.until")} <When ms={expiresMs} />
      </div>
      <SegmentedControl
        mt="md"
        mb="sm"
        value={system}
        onChange={(v) => setSystem(v as System)}
        data={[
          { value: "windows", label: "Windows" },
          { value: "linux", label: "Linux" },
        ]}
        aria-label={t("enrol.system")}
      />
      <ol style={{ margin: 0, paddingLeft: 20, display: "grid", gap: 8 }}>
        <li>{t("enrol.step1")}</li>
        <li>
          <div style={{ marginBottom: 4 }}>
            {system === "windows" ? t("enrol.step2win") : t("enrol.step2")}
          </div>
          <CopyBlock text={line} label={t("enrol.command")} />
        </li>
      </ol>
      <div role="status" style={{ marginTop: 16, display: "flex", gap: 10, alignItems: "center" }}>
        {p.fresh.length === 0 ? (
          <>
            <Loader size={16} aria-hidden /> {t("enrol.waiting")}
          </>
        ) : (
          <>
            <IconGreen className="green" />
            <span>
              {t("enrol.appeared", { count: p.fresh.length })}{" "}
              {p.fresh.map((x, i) => (
                <span key={x.id}>
                  {i > 0 && ", "}
                  <Link to={`/tills/${encodeURIComponent(x.id)}`} onClick={p.onDone}>
                    {x.name}
                  </Link>
                </span>
              ))}
            </span>
          </>
        )}
      </div>
      <Button variant="default" mt="md" onClick={p.onAgain}>
        {t("enrol.again")}
      </Button>
    </div>
  );
}
