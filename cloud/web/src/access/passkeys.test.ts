import { expect, test } from "vitest";
import { jsonOf, ofBase64url, optionsOf, toBase64url } from "./passkeys";

test("bytes and base64url are one", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = toBase64url(bytes.buffer);
  expect(text).not.toMatch(/[+/=]/);
  expect([...ofBase64url(text)]).toEqual([...bytes]);
});

test.each([
  ["bare", (o: object) => o],
  ["wrapped", (o: object) => ({ publicKey: o })],
])("options, %s: what the browser wants as bytes is bytes", (_, wrap) => {
  const options = optionsOf(
    JSON.stringify(
      wrap({
        challenge: "AQID",
        user: { id: "BAU", name: "anna" },
        excludeCredentials: [{ type: "public-key", id: "Bg" }],
        timeout: 60_000,
      }),
    ),
  );
  expect(options).toEqual({
    challenge: Uint8Array.of(1, 2, 3),
    user: { id: Uint8Array.of(4, 5), name: "anna" },
    excludeCredentials: [{ type: "public-key", id: Uint8Array.of(6) }],
    timeout: 60_000,
  });
});

test("the answer goes as JSON, and says nothing that is not there", () => {
  const bytes = (...b: number[]) => Uint8Array.from(b).buffer;
  const json = jsonOf({
    id: "AQ",
    rawId: bytes(1),
    type: "public-key",
    authenticatorAttachment: "platform",
    getClientExtensionResults: () => ({}),
    response: { clientDataJSON: bytes(2), authenticatorData: bytes(3), signature: bytes(4) },
  } as unknown as PublicKeyCredential);
  expect(JSON.parse(json)).toEqual({
    id: "AQ",
    rawId: "AQ",
    type: "public-key",
    authenticatorAttachment: "platform",
    clientExtensionResults: {},
    response: { clientDataJSON: "Ag", authenticatorData: "Aw", signature: "BA" },
  });
});
