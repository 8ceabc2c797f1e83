/** Fields that several pages of the entrance ask for, and the way back from them. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

type Field = { value: string; onChange: (value: string) => void };

/** Phone or e-mail of who comes in. */
export function LoginInput(p: Field & { label: string; description?: string }) {
  return (
    <TextInput
      label={p.label}
      description={p.description}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      autoFocus
      required
      withAsterisk={false}
      size="md"
    />
  );
}

/** The password somebody has; `data-autofocus` is how a window learns where to begin. */
export function PasswordNow(
  p: Field & { label?: string; size?: "md"; autoFocus?: boolean; required?: boolean },
) {
  const { t } = useTranslation();
  return (
    <PasswordInput
      label={p.label ?? t("signin.password")}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      autoComplete="current-password"
      visibilityToggleButtonProps={{ "aria-label": t("signin.show") }}
      required={p.required}
      withAsterisk={false}
      size={p.size}
      autoFocus={p.autoFocus}
      data-autofocus={p.autoFocus || undefined}
    />
  );
}

/** Leads to where one comes in. */
export function ToSignIn({ main = false }: { main?: boolean }) {
  const { t } = useTranslation();
  return (
    <Button component={Link} to="/" variant={main ? "filled" : "default"}>
      {t("access.toSignIn")}
    </Button>
  );
}
