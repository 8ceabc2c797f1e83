import { Menu } from "@mantine/core";
import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { LIGHT_ICONS, LIGHTS, lightOf } from "../fleet/light";
import { type Node, PlaceKind } from "../gen/cabinet/v1/tree_pb";
import { countOf, type Row, type Shape, stepBefore, stepLevel, tillsLink, totalOf } from "./shape";
import type { Doing } from "./TreePage";

type Target = { id: string; how: "into" | "before" };

/** The tree: one row a node, with the tills beneath it by colour. Arrows walk, Alt and arrows move, the mouse drags. */
export function TreeTable(p: {
  shape: Shape;
  rows: readonly Row[];
  onToggle: (id: string, open: boolean) => void;
  onDo: (doing: Doing) => void;
  onMove: (node: Node, to: { parentId: string; beforeId: string }) => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [at, setAt] = useState("");
  const [target, setTarget] = useState<Target>();
  const dragged = useRef<Node>(undefined);
  const box = useRef<HTMLTableElement>(null);
  const focused = p.rows.some((r) => r.node.id === at) ? at : (p.rows[0]?.node.id ?? "");
  const walked = useRef(false);

  useEffect(() => {
    if (!walked.current) return;
    walked.current = false;
    box.current?.querySelector<HTMLElement>(`tr[data-id="${CSS.escape(focused)}"]`)?.focus();
  });
  const go = (row: Row | undefined) => {
    if (!row) return;
    walked.current = true;
    setAt(row.node.id);
  };

  const key = (e: KeyboardEvent, row: Row, i: number) => {
    if (e.target !== e.currentTarget) return; // a link or a button in the row has its own keys
    const { node } = row;
    const done = () => {
      e.preventDefault();
      e.stopPropagation();
    };
    if (e.altKey && e.key.startsWith("Arrow")) {
      done();
      if (!node.mayChange) return;
      const to =
        e.key === "ArrowUp"
          ? stepBefore(p.shape, node, -1)
          : e.key === "ArrowDown"
            ? stepBefore(p.shape, node, 1)
            : stepLevel(p.shape, node, e.key === "ArrowLeft" ? -1 : 1);
      walked.current = true;
      if (to) p.onMove(node, to);
      return;
    }
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    switch (e.key) {
      case "ArrowDown":
        go(p.rows[i + 1]);
        break;
      case "ArrowUp":
        go(p.rows[i - 1]);
        break;
      case "Home":
        go(p.rows[0]);
        break;
      case "End":
        go(p.rows.at(-1));
        break;
      case "ArrowRight":
        if (row.children > 0 && !row.open) p.onToggle(node.id, true);
        else if (row.children > 0) go(p.rows[i + 1]);
        break;
      case "ArrowLeft":
        if (row.children > 0 && row.open) p.onToggle(node.id, false);
        else go(p.rows.find((r) => r.node.id === node.parentId));
        break;
      case "Enter":
        if (node.kind === PlaceKind.TILL) navigate(`/tills/${encodeURIComponent(node.id)}`);
        else p.onToggle(node.id, !row.open);
        break;
      case "F2":
        if (editable(node)) p.onDo({ act: "edit", node });
        break;
      case "m":
      case "M":
        if (editable(node)) p.onDo({ act: "move", node });
        break;
      case "Delete":
        if (removable(node)) p.onDo({ act: "delete", node });
        break;
      default:
        return;
    }
    done();
  };

  const over = (e: DragEvent<HTMLElement>, node: Node) => {
    const what = dragged.current;
    if (!what || what.id === node.id) return;
    const parent = p.shape.byId.get(node.parentId);
    const rect = e.currentTarget.getBoundingClientRect();
    const upper = e.clientY - rect.top < rect.height / 2;
    let how: Target["how"] | undefined;
    if (
      node.kind === what.kind &&
      parent &&
      p.shape.fits(what, parent) &&
      (upper || !p.shape.fits(what, node))
    )
      how = "before";
    else if (p.shape.fits(what, node)) how = "into";
    if (!how) return setTarget(undefined);
    e.preventDefault();
    if (target?.id !== node.id || target.how !== how) setTarget({ id: node.id, how });
  };
  const drop = (e: DragEvent, node: Node) => {
    e.preventDefault();
    const what = dragged.current;
    const how = target?.how;
    dragged.current = undefined;
    setTarget(undefined);
    if (!what || !how) return;
    if (how === "before") p.onMove(what, { parentId: node.parentId, beforeId: node.id });
    else if (what.parentId !== node.id) p.onMove(what, { parentId: node.id, beforeId: "" });
  };

  return (
    <div className="tablebox">
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a treegrid is a table whose rows open (ARIA practices) */}
      <table ref={box} className="table tree" role="treegrid" aria-label={t("titles.tree")}>
        <thead>
          <tr>
            <th scope="col">{t("tree.name")}</th>
            <th scope="col">{t("tree.tills")}</th>
            <th scope="col" className="wide">
              {t("tree.where")}
            </th>
            <th scope="col" aria-label={t("tree.acts")} />
          </tr>
        </thead>
        <tbody>
          {p.rows.map((row, i) => {
            const { node } = row;
            const drag = editable(node);
            return (
              <tr
                key={node.id}
                data-id={node.id}
                aria-level={row.level}
                aria-expanded={row.children > 0 ? row.open : undefined}
                tabIndex={node.id === focused ? 0 : -1}
                className={target?.id === node.id ? `drop-${target.how}` : undefined}
                draggable={drag}
                onDragStart={(e) => {
                  dragged.current = node;
                  e.dataTransfer.effectAllowed = "move";
                  e.dataTransfer.setData("text/plain", node.name);
                }}
                onDragEnd={() => {
                  dragged.current = undefined;
                  setTarget(undefined);
                }}
                onDragOver={(e) => over(e, node)}
                onDragLeave={() => setTarget((old) => (old?.id === node.id ? undefined : old))}
                onDrop={(e) => drop(e, node)}
                onFocus={(e) => e.target === e.currentTarget && setAt(node.id)}
                onKeyDown={(e) => key(e, row, i)}
              >
                <td>
                  <span className="treename" style={{ "--level": row.level - 1 } as React.CSSProperties}>
                    {row.children > 0 ? (
                      <button
                        type="button"
                        className="fold"
                        tabIndex={-1}
                        aria-label={t(row.open ? "tree.fold" : "tree.unfold", { name: node.name })}
                        onClick={() => p.onToggle(node.id, !row.open)}
                      >
                        <span aria-hidden className={row.open ? "chevron open" : "chevron"} />
                      </button>
                    ) : (
                      <span className="fold" />
                    )}
                    <span>
                      <span
                        className={row.found ? "strong found" : node.kind === PlaceKind.TILL ? "" : "strong"}
                      >
                        {node.kind === PlaceKind.TILL ? (
                          <Link to={`/tills/${encodeURIComponent(node.id)}`} draggable={false}>
                            {node.name}
                          </Link>
                        ) : (
                          node.name
                        )}
                      </span>{" "}
                      <span className="small quiet">
                        {node.kind === PlaceKind.TILL
                          ? [node.agentName, node.model, node.serial && `№ ${node.serial}`]
                              .filter(Boolean)
                              .join(" · ")
                          : t(`tree.kind${node.kind as 1 | 2 | 3}`)}
                      </span>
                    </span>
                  </span>
                </td>
                <td>
                  <Counts node={node} />
                </td>
                <td className="wide small quiet">
                  {[node.address, node.phone, node.timeZone].filter(Boolean).join(" · ")}
                </td>
                <td className="right">
                  <Acts shape={p.shape} node={node} onDo={p.onDo} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const editable = (n: Node) => n.mayChange && n.kind !== PlaceKind.ORGANISATION;
const removable = (n: Node) => editable(n) && n.kind !== PlaceKind.TILL;

/** Tills beneath a node by colour; each number leads to the list it counts. */
function Counts({ node }: { node: Node }) {
  const { t } = useTranslation();
  if (node.kind === PlaceKind.TILL) {
    const light = lightOf(node);
    const Icon = LIGHT_ICONS[light];
    return (
      <span className={`state ${light}`}>
        <Icon size={14} /> {t(`lights.${light}`)}
      </span>
    );
  }
  if (totalOf(node.counts) === 0) return <span className="small quiet">{t("tree.noTills")}</span>;
  return (
    <span className="counts">
      {LIGHTS.map((light) => {
        const n = countOf(node.counts, light);
        const Icon = LIGHT_ICONS[light];
        return n === 0 ? null : (
          <Link
            key={light}
            to={tillsLink(node, light)}
            className={`treecount ${light}`}
            tabIndex={-1}
            draggable={false}
            aria-label={`${node.name}: ${t(`lights.${light}`)} ${n}`}
          >
            <Icon size={14} /> <span className="num">{n}</span>
          </Link>
        );
      })}
    </span>
  );
}

function Acts({ shape, node, onDo }: { shape: Shape; node: Node; onDo: (doing: Doing) => void }) {
  const { t } = useTranslation();
  const inside = node.kind === PlaceKind.ORGANISATION || node.kind === PlaceKind.DEPARTMENT;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button
          type="button"
          className="dots"
          tabIndex={-1}
          aria-label={t("tree.actsOf", { name: node.name })}
        >
          <span aria-hidden>⋯</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          component={Link}
          to={node.kind === PlaceKind.TILL ? `/tills/${encodeURIComponent(node.id)}` : tillsLink(node)}
        >
          {t(node.kind === PlaceKind.TILL ? "tree.openTill" : "tree.openTills")}
        </Menu.Item>
        <Menu.Item component={Link} to={thresholdsLink(node)}>
          {t("thresholds.title")}
        </Menu.Item>
        {node.kind === PlaceKind.TILL && (
          <Menu.Item onClick={() => onDo({ act: "stays", node })}>{t("tree.stays")}</Menu.Item>
        )}
        {inside && node.mayChange && (
          <>
            <Menu.Item onClick={() => onDo({ act: "create", kind: PlaceKind.DEPARTMENT, parent: node })}>
              {t("tree.newDepartment")}
            </Menu.Item>
            <Menu.Item onClick={() => onDo({ act: "create", kind: PlaceKind.OUTLET, parent: node })}>
              {t("tree.newOutlet")}
            </Menu.Item>
          </>
        )}
        {editable(node) && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => onDo({ act: "edit", node })}>{t("tree.edit")}</Menu.Item>
            <Menu.Item onClick={() => onDo({ act: "move", node })}>{t("tree.move")}</Menu.Item>
          </>
        )}
        {removable(node) && (
          <Menu.Item
            disabled={shape.children(node.id).length > 0}
            onClick={() => onDo({ act: "delete", node })}
          >
            {t(node.kind === PlaceKind.OUTLET ? "tree.close" : "tree.delete")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function thresholdsLink(node: Node): string {
  const part = {
    [PlaceKind.DEPARTMENT]: "department",
    [PlaceKind.OUTLET]: "outlet",
    [PlaceKind.TILL]: "till",
  } as const;
  const name = part[node.kind as keyof typeof part];
  return name ? `/thresholds?${name}=${encodeURIComponent(node.id)}` : "/thresholds";
}
