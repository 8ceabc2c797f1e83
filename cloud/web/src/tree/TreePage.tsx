import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Loader, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { type Node, PlaceKind, TreeService } from "../gen/cabinet/v1/tree_pb";
import { Forbidden, Nothing, NothingByFilter, Unread } from "../ui/Nothing";
import { DeleteDialog, MoveDialog, NodeDialog, StaysDialog } from "./dialogs";
import { useTreeTrouble } from "./reasons";
import { Shape } from "./shape";
import { TreeTable } from "./TreeTable";
import "./tree.css";

/** What is being done to a node. */
export type Doing =
  | { act: "create"; kind: PlaceKind; parent: Node }
  | { act: "edit" | "delete" | "stays"; node: Node }
  | { act: "move"; node: Node; to?: Node };

const NO_NODES: readonly Node[] = [];

/** Everything that shows where tills stand is read anew after a change. */
export function useReshaped(): () => void {
  const queries = useQueryClient();
  return () =>
    void queries.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: TreeService.method.getTree, cardinality: "finite" }),
    });
}

/** «Торговые точки»: what is where, and how is it there? */
export default function TreePage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const [params, setParams] = useSearchParams();
  const [doing, setDoing] = useState<Doing>();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const may = can("tills:view");
  const list = useQuery(TreeService.method.getTree, {}, { enabled: may, refetchInterval: 15_000 });
  const trouble = useTreeTrouble();
  const reshaped = useReshaped();
  const shape = useMemo(() => new Shape(list.data?.nodes ?? NO_NODES), [list.data]);
  const q = params.get("q") ?? "";
  const rows = useMemo(() => shape.rows(closed, q), [shape, closed, q]);
  const place = useMutation(TreeService.method.moveNode, {
    onSettled: reshaped,
    onError: (e) =>
      notifications.show({
        color: "gray",
        message: trouble(e),
        closeButtonProps: { "aria-label": t("close") },
      }),
  });
  const root = shape.nodes.find((n) => n.kind === PlaceKind.ORGANISATION && n.mayChange);
  const places = shape.nodes.some((n) => n.kind !== PlaceKind.ORGANISATION);

  const toggle = (id: string, open: boolean) =>
    setClosed((old) => {
      const next = new Set(old);
      if (open) next.delete(id);
      else next.add(id);
      return next;
    });
  /** A till that changes its outlet is asked about first: from then on its receipts count elsewhere. */
  const move = (node: Node, to: { parentId: string; beforeId: string }) => {
    if (node.kind === PlaceKind.TILL && to.parentId !== node.parentId)
      setDoing({ act: "move", node, to: shape.byId.get(to.parentId) });
    else place.mutate({ id: node.id, ...to });
  };

  return (
    <>
      <div className="title">
        <Title order={1}>{t("titles.tree")}</Title>
        <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
          {root && (
            <>
              <Button
                variant="default"
                onClick={() => setDoing({ act: "create", kind: PlaceKind.DEPARTMENT, parent: root })}
              >
                {t("tree.newDepartment")}
              </Button>
              <Button
                variant="default"
                onClick={() => setDoing({ act: "create", kind: PlaceKind.OUTLET, parent: root })}
              >
                {t("tree.newOutlet")}
              </Button>
            </>
          )}
          {can("tills:configure") && (
            <Button component={Link} to="/connect">
              {t("connect.title")}
            </Button>
          )}
        </div>
      </div>
      {!may ? (
        <Forbidden needs="tills:view" />
      ) : list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : !places ? (
        <Nothing title={t("tree.none")} text={t(root ? "tree.noneTodo" : "tree.noneAsk")} />
      ) : (
        <>
          <TextInput
            type="search"
            aria-label={t("tree.search")}
            placeholder={t("tree.search")}
            value={q}
            onChange={(e) => {
              const value = e.currentTarget.value;
              setParams(value ? { q: value } : {}, { replace: true });
            }}
            maw={420}
            mb={12}
          />
          {rows.length === 0 ? (
            <NothingByFilter onClear={() => setParams({}, { replace: true })} />
          ) : (
            <TreeTable shape={shape} rows={rows} onToggle={toggle} onDo={setDoing} onMove={move} />
          )}
          {root && <p className="small quiet treehint">{t("tree.keys")}</p>}
        </>
      )}
      {doing?.act === "create" && (
        <NodeDialog kind={doing.kind} parent={doing.parent} onClose={() => setDoing(undefined)} />
      )}
      {doing?.act === "edit" && (
        <NodeDialog kind={doing.node.kind} node={doing.node} onClose={() => setDoing(undefined)} />
      )}
      {doing?.act === "move" && (
        <MoveDialog shape={shape} node={doing.node} to={doing.to} onClose={() => setDoing(undefined)} />
      )}
      {doing?.act === "delete" && (
        <DeleteDialog shape={shape} node={doing.node} onClose={() => setDoing(undefined)} />
      )}
      {doing?.act === "stays" && <StaysDialog node={doing.node} onClose={() => setDoing(undefined)} />}
    </>
  );
}
