import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Group, Loader, Select, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { actionKey, newId } from "../fleet/actions";
import type { Command, TicketCell } from "../gen/cabinet/v1/commands_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { type Note, RemoteService } from "../gen/cabinet/v1/remote_pb";
import { inputs } from "../live/merge";
import { NotDone, Nothing, Unread } from "../ui/Nothing";
import { useSaid } from "../ui/Spoken";
import { When } from "../ui/time";
import { useUnread } from "./unread";
import "./remote.css";

/** Longest note that the cabinet keeps. */
const MOST = 4000;
/** Notes of one page. */
const PAGE = 50;

type Entry = { at: bigint; key: string; note?: Note; ticket?: TicketCell; closed?: boolean };

/** Notes and tickets in one order, oldest first; tickets older than what is read of the notes wait for theirs. */
export function entries(notes: readonly Note[], more: boolean, tickets: readonly TicketCell[]): Entry[] {
  const list: Entry[] = notes.map((note) => ({ at: note.atMs, key: `n ${note.id}`, note }));
  const oldest = more ? (notes.at(-1)?.atMs ?? 0n) : 0n;
  for (const ticket of tickets) {
    if (ticket.openedMs >= oldest) list.push({ at: ticket.openedMs, key: `o ${ticket.id}`, ticket });
    if (ticket.closedMs > 0n && ticket.closedMs >= oldest)
      list.push({ at: ticket.closedMs, key: `c ${ticket.id}`, ticket, closed: true });
  }
  return list.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.key < b.key ? -1 : 1));
}

/** What was written about a till, and a place to write. Opening it reads it. */
export function Thread({
  tillId,
  commands,
  tickets,
}: {
  tillId: string;
  commands: readonly Command[];
  tickets: readonly TicketCell[];
}) {
  const { t } = useTranslation();
  const [limit, setLimit] = useState(PAGE);
  const thread = useQuery(RemoteService.method.listNotes, { tillId, limit }, { refetchInterval: 30_000 });
  const unread = useUnread();
  const read = useMutation(RemoteService.method.markNotesRead, {
    onSuccess: () => void unread.query.refetch(),
  });
  const newest = thread.data?.notes[0];
  const marked = useRef("");
  useEffect(() => {
    if (!newest || marked.current === newest.id || newest.atMs <= (thread.data?.readMs ?? 0n)) return;
    marked.current = newest.id;
    read.mutate({ tillId, noteId: newest.id });
  }, [newest, thread.data?.readMs, tillId, read.mutate]);

  if (thread.isPending) return <Loader aria-label={t("loading")} />;
  if (!thread.data) return <Unread error={thread.error} onRetry={() => void thread.refetch()} />;
  const list = entries(thread.data.notes, thread.data.more, tickets);
  const seen = newest ? thread.data.readers.filter((r) => r.readMs >= newest.atMs).map((r) => r.name) : [];
  return (
    <>
      {thread.data.more && limit < 200 && (
        <Button variant="default" size="compact-sm" mb="sm" onClick={() => setLimit(limit + PAGE)}>
          {t("remote.notes.older")}
        </Button>
      )}
      {list.length === 0 ? (
        <Nothing title={t("remote.notes.empty")} text={t("remote.notes.emptyTodo")} />
      ) : (
        <ul className="thread" aria-label={t("remote.notes.title")}>
          {list.map((e) => (
            <li key={e.key}>{e.note ? <One note={e.note} commands={commands} /> : <Event entry={e} />}</li>
          ))}
        </ul>
      )}
      {seen.length > 0 && (
        <div className="quiet small" style={{ marginBottom: 12 }}>
          {t("remote.notes.readBy", { names: seen.join(", ") })}
        </div>
      )}
      <Write tillId={tillId} commands={commands} tickets={tickets} onSent={() => void thread.refetch()} />
    </>
  );
}

function One({ note, commands }: { note: Note; commands: readonly Command[] }) {
  const { t } = useTranslation();
  const about = commands.find((c) => c.id === note.aboutId);
  return (
    <article className={`note${note.mine ? " mine" : ""}`}>
      <div className="small">
        <span className="strong">{note.author}</span>{" "}
        <span className="quiet">
          {[
            note.mine ? t("remote.notes.you") : note.organisation,
            note.service && !note.mine ? t("remote.notes.service") : "",
          ]
            .filter(Boolean)
            .join(", ")}{" "}
          · <When ms={note.atMs} />
        </span>
      </div>
      {note.about && (
        <div className="small">
          <Link to={`/tills/${encodeURIComponent(note.tillId)}/commands`}>
            {t(`remote.notes.${note.about as "command" | "bundle" | "ticket"}`)}
            {about ? `: ${t(actionKey(about.action))}` : note.about === "ticket" ? ` № ${note.aboutId}` : ""}
          </Link>
          {about && (
            <span className="quiet">
              {" "}
              · <When ms={about.createdMs} />
            </span>
          )}
        </div>
      )}
      <p>{note.text}</p>
    </article>
  );
}

function Event({ entry }: { entry: Entry }) {
  const { t } = useTranslation();
  const said = useSaid();
  const { ticket } = entry;
  if (!ticket) return null;
  return (
    <div className="event quiet small">
      {entry.closed
        ? t("remote.notes.ticketClosed", { id: ticket.id, text: ticket.resolution })
        : t("remote.notes.ticketOpened", { id: ticket.id, text: said(ticket.text) })}{" "}
      · <When ms={entry.at} />
    </div>
  );
}

function Write(p: {
  tillId: string;
  commands: readonly Command[];
  tickets: readonly TicketCell[];
  onSent: () => void;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [about, setAbout] = useState("");
  // The same note is sent once, however often its sending is tried.
  const id = useRef(newId());
  const send = useMutation(RemoteService.method.writeNote, {
    onSuccess: () => {
      id.current = newId();
      setText("");
      setAbout("");
      p.onSent();
    },
    onError: (error) =>
      notifications.show({
        color: "gray",
        title: t("remote.notes.notSent"),
        message: <NotDone error={error} />,
        closeButtonProps: { "aria-label": t("close") },
      }),
  });
  const left = MOST - [...text].length;
  const ready = text.trim() !== "" && left >= 0;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready || send.isPending) return;
    const [kind = "", ...rest] = about.split(" ");
    send.mutate({ id: id.current, tillId: p.tillId, text, about: kind, aboutId: rest.join(" ") });
  };
  const day = (ms: bigint) => new Date(Number(ms)).toLocaleString();
  const choices = [
    { value: "", label: t("remote.notes.aboutNothing") },
    ...p.commands
      .slice(0, 10)
      .flatMap((c) => [
        { value: `command ${c.id}`, label: `${t(actionKey(c.action))}, ${day(c.createdMs)}` },
        ...(c.hasBundle
          ? [{ value: `bundle ${c.id}`, label: `${t("remote.notes.bundle")}, ${day(c.createdMs)}` }]
          : []),
      ]),
    ...p.tickets
      .slice(0, 10)
      .map((x) => ({ value: `ticket ${x.id}`, label: `${t("remote.notes.ticket")} № ${x.id}` })),
  ];
  return (
    <form onSubmit={submit} style={{ maxWidth: 760 }}>
      <Textarea
        label={t("remote.notes.text")}
        placeholder={t("remote.notes.placeholder")}
        rows={3}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        error={left < 200 ? t("remote.notes.left", { count: left }) : undefined}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) submit(e);
        }}
      />
      <Group justify="space-between" align="flex-end" mt={8} gap={8}>
        <Select
          label={t("remote.notes.about")}
          data={choices}
          value={about}
          onChange={(v) => setAbout(v ?? "")}
          allowDeselect={false}
          style={{ minWidth: 240, flex: "1 1 240px", maxWidth: 420 }}
        />
        <Button type="submit" disabled={!ready} loading={send.isPending}>
          {t("remote.notes.send")}
        </Button>
      </Group>
    </form>
  );
}

/** The tab of a till. */
export function ThreadTab({ tillId, tickets }: { tillId: string; tickets: readonly TicketCell[] }) {
  const commands = useQuery(FleetService.method.listCommands, inputs.commands(tillId));
  return <Thread tillId={tillId} commands={commands.data?.commands ?? []} tickets={tickets} />;
}
