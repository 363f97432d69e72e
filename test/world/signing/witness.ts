import { createHash, generateKeyPairSync, sign } from 'node:crypto'

/** Somebody who saw a log grow, and says so below its checkpoints (https://github.com/C2SP/C2SP/blob/main/tlog-cosignature.md). */
export interface Witness {
  /** A signature line over a checkpoint's text, with its newline. */
  cosign(note: string): string
}

const TIMESTAMPED_ED25519 = Buffer.from([0x04])

export function createWitness(name: string): Witness {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const keyId = createHash('sha256').update(`${name}\n`).update(TIMESTAMPED_ED25519).update(raw).digest().subarray(0, 4)
  return {
    cosign(note) {
      const seconds = Math.floor(Date.now() / 1000)
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(BigInt(seconds))
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${note}`), privateKey)
      return noteLine(name, keyId, Buffer.concat([time, signature]))
    },
  }
}

/** The line of a signed note that this signature is. */
export function noteLine(name: string, keyId: Uint8Array, signature: Uint8Array): string {
  return `\u2014 ${name} ${Buffer.concat([keyId.subarray(0, 4), signature]).toString('base64')}\n`
}

/** A checkpoint with lines of these witnesses below its log's. */
export function cosigned(envelope: string, witnesses: readonly Witness[]): string {
  const note = envelope.slice(0, envelope.indexOf('\n\n') + 1)
  return envelope + witnesses.map(witness => witness.cosign(note)).join('')
}
