import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Autocomplete, Loader, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Node, PlaceKind, TreeService } from "../gen/cabinet/v1/tree_pb";
import { FormDialog, type FormDialogProps } from "../ui/FormDialog";
import { Unread } from "../ui/Nothing";
import { useTreeTrouble } from "./reasons";
import type { Shape } from "./shape";
import { useReshaped } from "./TreePage";

/** A dialog with one thing to say yes to. */
export function AskDialog({ error, ...p }: Omit<FormDialogProps, "refusal"> & { error: unknown }) {
  const trouble = useTreeTrouble();
  return <FormDialog {...p} refusal={error ? trouble(error) : undefined} />;
}

/** Time zones people of the two countries choose from; any other may be typed. */
const ZONES = [
  "Europe/Kaliningrad",
  "Europe/Moscow",
  "Europe/Samara",
  "Asia/Yekaterinburg",
  "Asia/Omsk",
  "Asia/Krasnoyarsk",
  "Asia/Irkutsk",
  "Asia/Yakutsk",
  "Asia/Vladivostok",
  "Asia/Magadan",
  "Asia/Kamchatka",
  "Asia/Almaty",
  "Asia/Aqtobe",
];

/** Makes a department or an outlet, or changes what a node is called. */
export function NodeDialog(p: { kind: PlaceKind; parent?: Node; node?: Node; onClose: () => void }) {
  const { t } = useTranslation();
  const reshaped = useReshaped();
  const [name, setName] = useState(p.node?.name ?? "");
  const [address, setAddress] = useState(p.node?.address ?? "");
  const [timeZone, setTimeZone] = useState(p.node?.timeZone ?? (p.node ? "" : ownZone()));
  const [phone, setPhone] = useState(p.node?.phone ?? "");
  const done = {
    onSuccess: () => {
      reshaped();
      p.onClose();
    },
  };
  const create = useMutation(TreeService.method.createNode, done);
  const change = useMutation(TreeService.method.changeNode, done);
  const outlet = p.kind === PlaceKind.OUTLET;
  const till = p.kind === PlaceKind.TILL;
  const details = outlet ? { address, timeZone, phone } : {};
  const title = p.node
    ? t("tree.editTitle", { name: p.node.name })
    : t(outlet ? "tree.newOutlet" : "tree.newDepartment");
  return (
    <AskDialog
      title={title}
      act={t(p.node ? "tree.save" : "tree.create")}
      onAct={() =>
        p.node
          ? change.mutate({ id: p.node.id, name, ...details })
          : create.mutate({ kind: p.kind, parentId: p.parent?.id ?? "", name, ...details })
      }
      busy={create.isPending || change.isPending}
      error={create.error ?? change.error}
      disabled={!till && name.trim() === ""}
      onClose={p.onClose}
    >
      {p.parent && p.parent.kind === PlaceKind.DEPARTMENT && (
        <p className="quiet" style={{ marginTop: 0 }}>
          {t("tree.inside", { name: p.parent.name })}
        </p>
      )}
      <TextInput
        label={t("tree.name")}
        description={
          till ? t("tree.tillNameWhat", { name: p.node?.agentName || p.node?.name || "" }) : undefined
        }
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
        maxLength={100}
        autoComplete="off"
        data-autofocus
      />
      {outlet && (
        <>
          <TextInput
            mt="sm"
            label={t("tree.address")}
            value={address}
            onChange={(e) => setAddress(e.currentTarget.value)}
            maxLength={300}
          />
          <Autocomplete
            mt="sm"
            label={t("tree.zone")}
            description={t("tree.zoneWhat")}
            data={ZONES}
            value={timeZone}
            onChange={setTimeZone}
            maxLength={64}
          />
          <TextInput
            mt="sm"
            type="tel"
            label={t("tree.phone")}
            description={t("tree.phoneWhat")}
            value={phone}
            onChange={(e) => setPhone(e.currentTarget.value)}
            maxLength={40}
          />
        </>
      )}
    </AskDialog>
  );
}

function ownZone(): string {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return ZONES.includes(own) ? own : "";
}

/** Chooses the new place of a node from those it fits into. */
export function MoveDialog(p: { shape: Shape; node: Node; to?: Node; onClose: () => void }) {
  const { t } = useTranslation();
  const reshaped = useReshaped();
  const [to, setTo] = useState(p.to?.id ?? "");
  const move = useMutation(TreeService.method.moveNode, {
    onSuccess: () => {
      reshaped();
      p.onClose();
    },
  });
  const places = useMemo(
    () =>
      p.shape.nodes
        .filter((n) => n.id !== p.node.parentId && p.shape.fits(p.node, n))
        .map((n) => ({ value: n.id, label: p.shape.path(n.id) || n.name })),
    [p.shape, p.node],
  );
  const till = p.node.kind === PlaceKind.TILL;
  return (
    <AskDialog
      title={t("tree.moveTitle", { name: p.node.name })}
      act={t("tree.move")}
      onAct={() => move.mutate({ id: p.node.id, parentId: to })}
      busy={move.isPending}
      error={move.error}
      disabled={to === ""}
      onClose={p.onClose}
    >
      <p style={{ marginTop: 0 }}>
        {t("tree.now")} {p.shape.path(p.node.parentId) || p.shape.byId.get(p.node.parentId)?.name}
      </p>
      {places.length === 0 ? (
        <p className="quiet">{t("tree.nowhere")}</p>
      ) : (
        <NativeSelect
          label={t("tree.moveTo")}
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
          data={[{ value: "", label: t("tree.choose"), disabled: true }, ...places]}
          data-autofocus
        />
      )}
      {till && <p className="quiet">{t("tree.moveTill")}</p>}
      {p.node.kind === PlaceKind.DEPARTMENT && <p className="quiet">{t("tree.moveDepartment")}</p>}
    </AskDialog>
  );
}

/** Says what goes and what stays. */
export function DeleteDialog(p: { shape: Shape; node: Node; onClose: () => void }) {
  const { t } = useTranslation();
  const reshaped = useReshaped();
  const remove = useMutation(TreeService.method.deleteNode, {
    onSuccess: () => {
      reshaped();
      p.onClose();
    },
  });
  const outlet = p.node.kind === PlaceKind.OUTLET;
  return (
    <AskDialog
      title={t(outlet ? "tree.closeTitle" : "tree.deleteTitle", { name: p.node.name })}
      act={t(outlet ? "tree.close" : "tree.delete")}
      onAct={() => remove.mutate({ id: p.node.id })}
      busy={remove.isPending}
      error={remove.error}
      disabled={p.shape.children(p.node.id).length > 0}
      onClose={p.onClose}
    >
      <p style={{ margin: 0 }}>
        {p.shape.children(p.node.id).length > 0
          ? t("treeReasons.tree_not_empty")
          : t(outlet ? "tree.closeWhat" : "tree.deleteWhat")}
      </p>
    </AskDialog>
  );
}

/** Where a till stood: receipts count where they were made. */
export function StaysDialog({ node, onClose }: { node: Node; onClose: () => void }) {
  const { t } = useTranslation();
  const list = useQuery(TreeService.method.listStays, { tillId: node.id });
  return (
    <Modal
      opened
      onClose={onClose}
      title={<span className="strong">{t("tree.staysTitle", { name: node.name })}</span>}
      size={560}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <table className="table" aria-label={t("tree.staysTitle", { name: node.name })}>
          <thead>
            <tr>
              <th scope="col">{t("tree.since")}</th>
              <th scope="col">{t("tree.outlet")}</th>
              <th scope="col">{t("tree.who")}</th>
            </tr>
          </thead>
          <tbody>
            {list.data.stays.map((s) => (
              <tr key={s.since}>
                <td className="nowrap">{s.since ? s.since.replace("T", " ") : t("tree.fromBegin")}</td>
                <td>{s.outlet || <span className="quiet">{t("tree.otherOutlet")}</span>}</td>
                <td className="quiet">{s.actor}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="small quiet">{t("tree.staysWhat")}</p>
    </Modal>
  );
}
