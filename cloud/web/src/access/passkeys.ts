/** Passkeys: what the cabinet says and the browser answers, both as JSON of Web Authentication, level 3. */

type Json = { [key: string]: unknown };

/** This browser can make and use passkeys; a page opened by plain http cannot. */
export function canPasskeys(): boolean {
  return typeof PublicKeyCredential !== "undefined" && typeof navigator.credentials?.get === "function";
}

/** Bytes of base64url. */
export function ofBase64url(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

/** Base64url of bytes, without padding. */
export function toBase64url(bytes: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Options as the browser wants them: what is bytes is text in JSON. Not every browser turns them itself. */
export function optionsOf(json: string): Json {
  const read = JSON.parse(json) as Json;
  const options = { ...((read.publicKey as Json | undefined) ?? read) };
  const bytes = (value: unknown) => (typeof value === "string" ? ofBase64url(value) : value);
  const ids = (list: unknown) =>
    Array.isArray(list) ? list.map((x: Json) => ({ ...x, id: bytes(x.id) })) : list;
  options.challenge = bytes(options.challenge);
  if (options.user) options.user = { ...(options.user as Json), id: bytes((options.user as Json).id) };
  if (options.excludeCredentials) options.excludeCredentials = ids(options.excludeCredentials);
  if (options.allowCredentials) options.allowCredentials = ids(options.allowCredentials);
  return options;
}

/** The browser's answer as JSON. */
export function jsonOf(credential: PublicKeyCredential): string {
  const r = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const response: Json = { clientDataJSON: toBase64url(r.clientDataJSON) };
  if (r.attestationObject) {
    response.attestationObject = toBase64url(r.attestationObject);
    response.transports = r.getTransports?.() ?? [];
  }
  if (r.authenticatorData) response.authenticatorData = toBase64url(r.authenticatorData);
  if (r.signature) response.signature = toBase64url(r.signature);
  if (r.userHandle) response.userHandle = toBase64url(r.userHandle);
  return JSON.stringify({
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

/** Makes a passkey; undefined when the person changed their mind. */
export async function makePasskey(options: string): Promise<string | undefined> {
  return ask(() =>
    navigator.credentials.create({
      publicKey: optionsOf(options) as unknown as PublicKeyCredentialCreationOptions,
    }),
  );
}

/** Uses a passkey; undefined when the person changed their mind, or has none here. */
export async function showPasskey(options: string): Promise<string | undefined> {
  return ask(() =>
    navigator.credentials.get({
      publicKey: optionsOf(options) as unknown as PublicKeyCredentialRequestOptions,
    }),
  );
}

async function ask(question: () => Promise<Credential | null>): Promise<string | undefined> {
  try {
    const answer = await question();
    return answer ? jsonOf(answer as PublicKeyCredential) : undefined;
  } catch (error) {
    // The browser says the same of a refusal, a lapse of time and a key that is not there.
    if (error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError"))
      return undefined;
    throw error;
  }
}
