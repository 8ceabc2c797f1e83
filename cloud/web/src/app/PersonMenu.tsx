import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSession, useSignOut } from "../access/session";
import { langOf } from "../ui/format";
import { IconPerson, IconTick } from "../ui/icons";
import { LANGS, setLang } from "../words";
import { useInstall } from "./install";

const SCHEMES: readonly MantineColorScheme[] = ["auto", "light", "dark"];

/** What concerns the person and this browser: profile, how the pages look, help, the way out. */
export function PersonMenu() {
  const { t, i18n } = useTranslation();
  const { person } = useSession();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const install = useInstall();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const lang = langOf(i18n.language);
  const name = person.name || person.login;
  const choice = (label: string, chosen: boolean, choose: () => void) => (
    <Menu.Item
      key={label}
      role="menuitemradio"
      aria-checked={chosen}
      closeMenuOnClick={false}
      leftSection={chosen ? <IconTick /> : <span style={{ display: "block", width: 16 }} />}
      onClick={choose}
    >
      {label}
    </Menu.Item>
  );
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={t("nav.person", { name })}>
          <IconPerson />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        <Menu.Item onClick={() => navigate("/profile")}>{t("nav.profile")}</Menu.Item>
        <Menu.Item onClick={() => navigate("/help")}>{t("help.title")}</Menu.Item>
        {install && <Menu.Item onClick={install}>{t("shell.install")}</Menu.Item>}
        <Menu.Divider />
        <Menu.Label>{t("shell.scheme.title")}</Menu.Label>
        {SCHEMES.map((s) => choice(t(`shell.scheme.${s}`), s === colorScheme, () => setColorScheme(s)))}
        <Menu.Divider hiddenFrom="sm" />
        <Menu.Label hiddenFrom="sm">{t("language")}</Menu.Label>
        <div className="phoneonly">
          {LANGS.map((l) => choice(l.name, l.lang === lang, () => void setLang(l.lang)))}
        </div>
        <Menu.Divider />
        <Menu.Item onClick={() => signOut.mutate({})}>{t("profile.signout")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
