import { Code, ConnectError } from "@connectrpc/connect";
import { useMutation, useTransport } from "@connectrpc/connect-query";
import { Alert, Button, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import { Logo } from "../ui/icons";
import { Language } from "../ui/Language";
import { resetSession } from "./session";

/** The page of who is not signed in. */
export function SignIn() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const transport = useTransport();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation(AccessService.method.signIn, {
    onSuccess: () => resetSession(queries, transport),
  });

  const submit = (e: FormEvent) => {
    e.preventDefault();
    signIn.mutate({ login: login.trim(), password });
  };

  return (
    <main style={{ minHeight: "100dvh", display: "grid", placeItems: "center", padding: 16 }}>
      <Stack w="100%" maw={340} gap="md">
        <Title order={1} style={{ display: "flex", alignItems: "center", gap: 10 }}>
          <Logo size={28} /> {t("product")}
        </Title>
        <form onSubmit={submit} aria-label={t("signin.title")}>
          <Stack gap="md">
            <TextInput
              label={t("signin.login")}
              value={login}
              onChange={(e) => setLogin(e.currentTarget.value)}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              autoFocus
              required
              withAsterisk={false}
              size="md"
            />
            <PasswordInput
              label={t("signin.password")}
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
              autoComplete="current-password"
              visibilityToggleButtonProps={{ "aria-label": t("signin.show") }}
              required
              withAsterisk={false}
              size="md"
            />
            {signIn.error && (
              <Alert color="gray" variant="outline" role="alert">
                <SignInTrouble error={signIn.error} />
              </Alert>
            )}
            <Button type="submit" size="md" loading={signIn.isPending} fullWidth>
              {t("signin.enter")}
            </Button>
          </Stack>
        </form>
        <Language />
      </Stack>
    </main>
  );
}

function SignInTrouble({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (ConnectError.from(error).code === Code.ResourceExhausted) return <>{t("signin.often")}</>;
  switch (troubleOf(error)) {
    case "signedout":
    case "forbidden":
      return <>{t("signin.wrong")}</>;
    case "unreachable":
      return <>{t("signin.unreachable")}</>;
    case "refused":
      return (
        <>
          {ConnectError.from(error).code === Code.InvalidArgument
            ? t("signin.wrong")
            : t("signin.refused", { code: codeOf(error) })}
        </>
      );
  }
}
