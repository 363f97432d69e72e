import { z } from 'zod'
import { isJsonObject, JsonError, parseJsonStrict } from '../text/json.ts'

/** in-toto's media type, as in every attestation that this program reads. */
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const LIMITS = { bytes: 64 * 1024, depth: 8 }

/** Bytes that an envelope about one document may have. */
export const LARGEST_ENVELOPE = LIMITS.bytes

/** What an envelope holds, of which nothing is proved yet. */
export interface Envelope {
  readonly payload: Buffer
  readonly keyid: string
  readonly signature: Buffer
}

/** DSSE v1's pre-authentication encoding: what is signed. */
export function preAuthEncoding(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload])
}

/** The one spelling of an envelope: what says the same in other bytes is none. */
export function renderEnvelope({ payload, keyid, signature }: Envelope): Buffer {
  const envelope = {
    payload: payload.toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid, sig: signature.toString('base64') }],
  }
  return Buffer.from(`${JSON.stringify(envelope)}\n`)
}

const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/)
const envelopeSchema = z.strictObject({
  payload: base64,
  payloadType: z.literal(PAYLOAD_TYPE),
  signatures: z.tuple([z.strictObject({ keyid: z.string(), sig: base64 })]),
})

/** `undefined` where it is no DSSE envelope (secure-systems-lab/dsse) of one signature over an in-toto statement. */
export function readEnvelope(bytes: Uint8Array): Envelope | undefined {
  const envelope = readSigned(envelopeSchema, bytes)
  if (envelope === undefined) return undefined
  const [{ keyid, sig }] = envelope.signatures
  return { payload: Buffer.from(envelope.payload, 'base64'), keyid, signature: Buffer.from(sig, 'base64') }
}

/** Strict JSON after a schema; `undefined` where it is anything else. */
export function readSigned<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array): z.output<Schema> | undefined {
  try {
    const json = parseJsonStrict(bytes, LIMITS)
    return schema.safeParse(isJsonObject(json) ? json : undefined).data
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
