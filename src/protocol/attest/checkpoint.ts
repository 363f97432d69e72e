/**
 * A transparency log's checkpoint: a signed note (https://github.com/C2SP/C2SP/blob/main/signed-note.md) whose text is
 * origin, tree size and root hash (tlog-checkpoint.md).
 */
export interface Checkpoint {
  /** the envelope as it came, for the library */
  readonly text: string
  /** what is signed: the lines above the blank one, with their last newline */
  readonly note: string
  readonly origin: string
  /** canonical decimal */
  readonly treeSize: string
  /** 32 bytes */
  readonly rootHash: Buffer
  /** at least one; whose they are, and whether they verify, only the trust root can tell */
  readonly signatures: readonly NoteSignature[]
}

/** A line below the note. Name and key id together say whose it claims to be. */
export interface NoteSignature {
  readonly name: string
  /** 4 bytes */
  readonly keyId: Buffer
  readonly signature: Buffer
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) (\S+)$/u
const CONTROL = /[^\P{Cc}\n]/u
/** "MUST accept at least up to 16 signatures", of nearly 5 kB each where they are post-quantum. */
const MOST_SIGNATURES = 64
const LONGEST = 256 * 1024

/** Reads the envelope to its last byte; `undefined` for anything that bends the grammar, or is beyond measure. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  // "Signed notes MUST be valid UTF-8": half a surrogate pair would be signed as another character
  if (text.length > LONGEST || !text.isWellFormed() || CONTROL.test(text)) return undefined
  const [lines, below, ...more] = text.split('\n\n')
  if (lines === undefined || below === undefined || more.length > 0) return undefined
  const [origin, treeSize, root, ...extensions] = lines.split('\n')
  if (!origin || treeSize === undefined || root === undefined) return undefined
  if (extensions.includes('') || !DECIMAL.test(treeSize)) return undefined
  const rootHash = decodeBase64(root)
  const signatures = parseSignatures(below)
  if (rootHash?.length !== 32 || signatures === undefined) return undefined
  return { text, note: `${lines}\n`, origin, treeSize, rootHash, signatures }
}

/** Every line, a stranger's too: one that is no signature line, or stands there twice, makes the whole no note. */
function parseSignatures(below: string): readonly NoteSignature[] | undefined {
  const lines = below.split('\n')
  if (lines.pop() !== '' || lines.length === 0 || lines.length > MOST_SIGNATURES) return undefined
  if (new Set(lines).size !== lines.length) return undefined
  const signatures = lines.flatMap(line => parseSignature(line) ?? [])
  return signatures.length === lines.length ? signatures : undefined
}

function parseSignature(line: string): NoteSignature | undefined {
  const [, name, base64 = ''] = SIGNATURE_LINE.exec(line) ?? []
  // "the base64 encoding of 4 bytes of key hash followed by the signature bytes"
  const bytes = decodeBase64(base64)
  if (name === undefined || bytes === undefined || bytes.length < 5) return undefined
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) }
}

/** Canonical base64 (RFC 4648 §4, padded, no stray bits) or `undefined`; the empty string is `undefined` too. */
export function decodeBase64(text: string): Buffer<ArrayBuffer> | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}
