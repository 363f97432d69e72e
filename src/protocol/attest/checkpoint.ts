/**
 * A transparency log's checkpoint: a signed note (https://github.com/C2SP/C2SP/blob/main/signed-note.md) whose text is
 * origin, tree size and root hash (tlog-checkpoint.md). `text` is the envelope as it came, for the signature check.
 */
export interface Checkpoint {
  readonly text: string
  readonly origin: string
  /** canonical decimal */
  readonly treeSize: string
  /** 32 bytes */
  readonly rootHash: Buffer
  /** the name on the signature line */
  readonly signer: string
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) (\S+)\n$/u
const CONTROL = /[^\P{Cc}\n]/u

/**
 * Reads the envelope to its last byte; `undefined` for anything that bends the grammar. Exactly one signature line: a
 * second one could not be tied to the trust root, and a byte of it could change unnoticed.
 */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  if (CONTROL.test(text)) return undefined
  const [note, signatures, ...more] = text.split('\n\n')
  if (note === undefined || signatures === undefined || more.length > 0) return undefined
  const [origin, treeSize, root, ...extensions] = note.split('\n')
  const [, signer, signature] = SIGNATURE_LINE.exec(signatures) ?? []
  if (!origin || treeSize === undefined || root === undefined || signer === undefined) return undefined
  if (extensions.includes('') || !DECIMAL.test(treeSize)) return undefined
  const rootHash = decodeBase64(root)
  if (rootHash?.length !== 32) return undefined
  // "the base64 encoding of 4 bytes of key hash followed by the signature bytes"
  if (signature === undefined || (decodeBase64(signature)?.length ?? 0) < 5) return undefined
  return { text, origin, treeSize, rootHash, signer }
}

/** Canonical base64 (RFC 4648 §4, padded, no stray bits) or `undefined`; the empty string is `undefined` too. */
export function decodeBase64(text: string): Buffer<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}
