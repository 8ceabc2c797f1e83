import { createConnectQueryKey, useMutation, useQuery, useTransport } from "@connectrpc/connect-query";
import { Button, Group, Menu, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { codeOf } from "../app/transport";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { Coded } from "../help/HelpLink";
import { IconDown, IconTick } from "../ui/icons";
import { LaterModal } from "../ui/later";
import { queryOf } from "./tillFilter";

/** Filters a person keeps under names. */
export function Kept({ params, onChoose }: { params: URLSearchParams; onChoose: (query: string) => void }) {
  const { t } = useTranslation();
  const [naming, setNaming] = useState(false);
  const queries = useQueryClient();
  const transport = useTransport();
  const list = useQuery(FleetService.method.listTillViews, {});
  const again = () =>
    void queries.invalidateQueries({
      queryKey: createConnectQueryKey({
        schema: FleetService.method.listTillViews,
        transport,
        input: {},
        cardinality: "finite",
      }),
    });
  const failed = (error: unknown) =>
    notifications.show({
      color: "red",
      message: <Coded text={t("tillList.viewFailed", { code: codeOf(error) })} code={codeOf(error)} />,
    });
  const keep = useMutation(FleetService.method.saveTillView, {
    onSuccess: () => {
      setNaming(false);
      again();
    },
    onError: failed,
  });
  const forget = useMutation(FleetService.method.deleteTillView, { onSuccess: again, onError: failed });
  const query = queryOf(params);
  const views = list.data?.views ?? [];
  const here = views.find((v) => v.query === query);
  const submit = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    const name = String(new FormData(e.currentTarget).get("name") ?? "").trim();
    if (name) keep.mutate({ name, query });
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" size="xs" rightSection={<IconDown size={12} />}>
            {here?.name ?? t("tillList.views")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.length === 0 && <Menu.Label>{t("tillList.noViews")}</Menu.Label>}
          {views.map((v) => (
            <Menu.Item
              key={v.id}
              leftSection={v === here ? <IconTick size={12} /> : undefined}
              onClick={() => onChoose(v.query)}
            >
              {v.name}
            </Menu.Item>
          ))}
          {views.length > 0 && query && <Menu.Divider />}
          {here && (
            <Menu.Item onClick={() => forget.mutate({ id: here.id })}>
              {t("tillList.forget", { name: here.name })}
            </Menu.Item>
          )}
          {query && !here && <Menu.Item onClick={() => setNaming(true)}>{t("tillList.keep")}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      <LaterModal
        opened={naming}
        onClose={() => setNaming(false)}
        title={t("tillList.keep")}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <form onSubmit={submit}>
          <TextInput name="name" label={t("tillList.viewName")} maxLength={60} required data-autofocus />
          <Group justify="end" mt={16}>
            <Button variant="default" onClick={() => setNaming(false)}>
              {t("cancel")}
            </Button>
            <Button type="submit" loading={keep.isPending}>
              {t("tillList.save")}
            </Button>
          </Group>
        </form>
      </LaterModal>
    </>
  );
}
