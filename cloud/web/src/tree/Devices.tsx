import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, NativeSelect, Progress, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { newId } from "../fleet/actions";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import type { Connection, Find, Finds } from "../gen/cabinet/v1/connect_pb";
import { PlaceKind, TreeService } from "../gen/cabinet/v1/tree_pb";
import type { Stranger } from "../gen/fiscal/v1/devices_pb";
import { CopyBlock } from "../ui/Copy";
import { FormDialog } from "../ui/FormDialog";
import { Spoken, useSaid } from "../ui/Spoken";
import { When } from "../ui/time";
import { useTreeTrouble } from "./reasons";

/** The agent's own word for a till without a printer. */
const NO_PRINTER = "none";

/** A place as people call it: COM3, ttyACM0, 192.168.1.20:7778. */
export function portOf(wire: string): string {
  const bare = wire.replace(/^[a-z]+:\/\//, "").replace(/\?.*$/, "");
  return bare.replace(/^\/dev\/(serial\/by-id\/)?/, "");
}

/** A find that is in nobody's list and could be a till by itself. */
export function isNew(f: Find): boolean {
  return f.tillId === "" && f.device?.till === "" && f.device.kind !== "printer";
}

/** What the agent has found, with the acts: look again, take one over; and how the same is done on its computer. */
export function Devices(p: {
  connection: Connection;
  finds: Finds;
  /** Beside a till that works: only what is new, and no advice until somebody wants it. */
  more?: boolean;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const said = useSaid();
  const trouble = useTreeTrouble();
  const [wanted, setWanted] = useState<Find>();
  const f = p.finds;
  const search = f.search;
  const busy = f.asked || (search?.running ?? false);
  const look = useMutation(TreeService.method.findDevices, { onSuccess: p.onDone });
  const all = f.devices.filter((d) => d.device?.kind !== "printer");
  const fresh = all.filter(isNew);
  const tills = p.more ? fresh : all;
  const printers = f.devices.filter((d) => d.device?.kind === "printer" && d.device.till === "");
  if (!f.able) return <ByHand old />;
  return (
    <>
      {busy && <Looking finds={f} />}
      {tills.length > 0 && (
        <ul className="finds" aria-label={t("connect.found")}>
          {tills.map((d) => (
            <Device
              key={d.device?.wire}
              find={d}
              may={f.mayAdopt}
              onTake={() => setWanted(d)}
              online={p.connection.agentOnline}
            />
          ))}
        </ul>
      )}
      {!busy &&
        (search?.endedMs ?? 0n) > 0n &&
        fresh.length === 0 &&
        (p.more ? (
          <details>
            <summary>{t("connect.noMore")}</summary>
            <Checks />
          </details>
        ) : (
          <div style={{ margin: "4px 0 8px" }}>
            <div className="strong">{t(all.length > 0 ? "connect.noOther" : "connect.none")}</div>
            <Checks />
          </div>
        ))}
      {!busy && (f.trouble || search?.trouble) && (
        <p role="alert" className="yellow">
          {t("connect.searchFailed", { why: said(f.trouble || search?.trouble || "") })}
        </p>
      )}
      {f.mayAdopt && (
        <div className="looks">
          <Button
            size="compact-sm"
            variant={fresh.length > 0 || p.more ? "default" : "filled"}
            loading={look.isPending || busy}
            disabled={!p.connection.agentOnline}
            onClick={() => look.mutate({ agentId: f.agentId, commandId: newId() })}
          >
            {t(search ? "connect.lookAgain" : "connect.look")}
          </Button>
          {!busy && (search?.endedMs ?? 0n) > 0n && (
            <span className="small quiet">
              {t("connect.looked")} <When ms={search?.endedMs ?? 0n} />
            </span>
          )}
        </div>
      )}
      {look.error && <p role="alert">{trouble(look.error)}</p>}
      {!busy && (search?.leftAlone.length ?? 0) > 0 && (
        <details>
          <summary>{t("connect.leftAlone", { count: search?.leftAlone.length ?? 0 })}</summary>
          <ul className="small quiet">
            {search?.leftAlone.map((line) => (
              <li key={line}>
                <Spoken text={line} />
              </li>
            ))}
          </ul>
        </details>
      )}
      <ByHand />
      {wanted && (
        <TakeDialog
          connection={p.connection}
          agentId={f.agentId}
          find={wanted}
          printers={printers}
          onClose={() => setWanted(undefined)}
          onDone={() => {
            setWanted(undefined);
            p.onDone();
          }}
        />
      )}
    </>
  );
}

/** A search that goes on. */
function Looking({ finds: f }: { finds: Finds }) {
  const { t } = useTranslation();
  const s = f.search;
  const share = s?.places ? Math.round((s.tried / s.places) * 100) : 0;
  return (
    <div role="status" style={{ margin: "4px 0 8px", maxWidth: 520 }}>
      <div>
        {s?.running ? t("connect.looking", { tried: s.tried, places: s.places }) : t("connect.asked")}
      </div>
      <Progress
        value={s?.running ? share : 100}
        animated
        size="sm"
        my={4}
        aria-label={t("connect.progress")}
      />
      <div className="small quiet">{s?.running && <Spoken text={s.step} />}&nbsp;</div>
    </div>
  );
}

/** What to check when nothing was found. */
function Checks() {
  const { t } = useTranslation();
  return (
    <ul className="checks">
      <li>{t("connect.checkPower")}</li>
      <li>{t("connect.checkCable")}</li>
      <li>{t("connect.checkDriver")}</li>
      <li>{t("connect.checkBusy")}</li>
    </ul>
  );
}

function Device(p: { find: Find; may: boolean; online: boolean; onTake: () => void }) {
  const { t } = useTranslation();
  const d = p.find.device;
  if (!d) return null;
  const a = p.find.adoption;
  const state = isNew(p.find) ? a?.state : undefined;
  const waits =
    state === CommandState.QUEUED || state === CommandState.DELIVERED || state === CommandState.RUNNING;
  const failed = state === CommandState.FAILED || state === CommandState.EXPIRED;
  return (
    <li>
      <div className="what">
        <div className="strong">{titleOf(d, t("connect.memory"), t("connect.device"))}</div>
        <div className="quiet">
          {[d.serial && t("connect.serial", { serial: d.serial }), portOf(d.wire)]
            .filter(Boolean)
            .join(" · ")}
        </div>
        <div className="small quiet">
          {[
            d.rnm && `${t("connect.rnm")} ${d.rnm}`,
            d.fn && `${t("connect.fn")} ${d.fn}`,
            d.printer && d.printer !== NO_PRINTER && t("connect.withPrinter", { port: portOf(d.printer) }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
        {isNew(p.find) && d.kind === "till" && !d.serial && (
          <div className="small yellow">{t("connect.password")}</div>
        )}
        {waits && (
          <div role="status" className="small">
            {t(state === CommandState.QUEUED ? "connect.takeQueued" : "connect.taking")}
          </div>
        )}
        {state === CommandState.DONE && (
          <div role="status" className="small">
            {t("connect.taken")}
          </div>
        )}
        {failed && (
          <div role="alert" className="small red">
            {state === CommandState.EXPIRED ? t("connect.takeLate") : <Spoken text={a?.text ?? ""} />}
          </div>
        )}
      </div>
      {!isNew(p.find) ? (
        <div className="quiet">{t("connect.works", { till: p.find.till || d.till })}</div>
      ) : (
        p.may && (
          <Button
            size="compact-sm"
            variant={failed ? "default" : "filled"}
            loading={waits || state === CommandState.DONE}
            onClick={p.onTake}
          >
            {t(failed ? "connect.takeAgain" : "connect.take")}
          </Button>
        )
      )}
    </li>
  );
}

function titleOf(d: Stranger, memory: string, device: string): string {
  return d.model || (d.kind === "fn" ? memory : device);
}

/** What the till is to be called, where it stands, and of a bare fiscal memory which printer belongs to it. */
function TakeDialog(p: {
  connection: Connection;
  agentId: string;
  find: Find;
  printers: Find[];
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const trouble = useTreeTrouble();
  const d = p.find.device;
  const [id] = useState(newId); // of this window: however often the button is pressed, one till comes of it
  const [title, setTitle] = useState(p.find.adoption?.title ?? "");
  const [outlet, setOutlet] = useState("");
  const [printer, setPrinter] = useState(d?.printer ?? "");
  const tree = useQuery(TreeService.method.getTree, {});
  const outlets = (tree.data?.nodes ?? []).filter((n) => n.kind === PlaceKind.OUTLET && n.mayChange);
  const take = useMutation(TreeService.method.adoptDevice, { onSuccess: p.onDone });
  const agentsOwn = p.connection.tillId === "" ? p.connection.outletId : "";
  const place = outlet || agentsOwn || outlets[0]?.id || "";
  const half = d?.kind === "fn";
  return (
    <FormDialog
      title={t("connect.takeTitle", {
        device: d ? titleOf(d, t("connect.memory"), t("connect.device")) : "",
      })}
      act={t("connect.take")}
      busy={take.isPending}
      refusal={take.error ? trouble(take.error) : undefined}
      disabled={half && printer === ""}
      size={480}
      onAct={() =>
        take.mutate({
          agentId: p.agentId,
          commandId: take.error ? newId() : id,
          wire: d?.wire ?? "",
          printer: half ? printer : "",
          title: title.trim(),
          outletId: place,
        })
      }
      onClose={p.onClose}
    >
      <TextInput
        label={t("tree.name")}
        description={t("connect.titleWhat")}
        placeholder={t("connect.titleLike")}
        value={title}
        maxLength={100}
        onChange={(e) => setTitle(e.currentTarget.value)}
        data-autofocus
      />
      <NativeSelect
        mt="sm"
        label={t("tree.outlet")}
        value={place}
        onChange={(e) => setOutlet(e.currentTarget.value)}
        data={[
          ...(agentsOwn === "" || outlets.some((n) => n.id === agentsOwn)
            ? []
            : [{ value: agentsOwn, label: p.connection.outlet }]),
          ...outlets.map((n) => ({ value: n.id, label: n.name })),
        ]}
      />
      {half && (
        <NativeSelect
          mt="sm"
          label={t("connect.printer")}
          description={t("connect.printerWhat")}
          value={printer}
          onChange={(e) => setPrinter(e.currentTarget.value)}
          data={[
            { value: "", label: t("tree.choose"), disabled: true },
            ...(d?.printer &&
            d.printer !== NO_PRINTER &&
            !p.printers.some((x) => x.device?.wire === d.printer)
              ? [{ value: d.printer, label: portOf(d.printer) }]
              : []),
            ...p.printers.map((x) => ({
              value: x.device?.wire ?? "",
              label: [x.device?.model, portOf(x.device?.wire ?? "")].filter(Boolean).join(" · "),
            })),
            { value: NO_PRINTER, label: t("connect.noPrinter") },
          ]}
        />
      )}
      <p className="small quiet">{t("connect.takeWhat")}</p>
    </FormDialog>
  );
}

/** The same on the agent's computer, for an agent that is too old or for who stands beside it. */
function ByHand({ old }: { old?: boolean }) {
  const { t } = useTranslation();
  const lines = (
    <CopyBlock text={"chekan-agent till find\nchekan-agent till adopt 1"} label={t("enrol.command")} />
  );
  if (old)
    return (
      <>
        <p style={{ margin: "4px 0" }}>{t("connect.find")}</p>
        {lines}
      </>
    );
  return (
    <details>
      <summary>{t("connect.byHand")}</summary>
      <p style={{ margin: "4px 0" }}>{t("connect.find")}</p>
      {lines}
    </details>
  );
}
