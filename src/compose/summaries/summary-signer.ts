import { readFileSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import { whyUnread } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { SummarySigner } from '../../http/exchange/settings.ts'
import { readSummarySigner } from '../../protocol/attest/summary.ts'

/** Who signs verification summaries; `undefined`: nobody does. Throws `config-invalid`, without a word of what the file holds. */
export function readSigner({ vsa: { key: path, verifierId } }: Pick<Config, 'vsa'>): SummarySigner | undefined {
  if (path === undefined || verifierId === undefined) return undefined
  const key = readSummarySigner(readText(path))
  if (key === undefined)
    throw new GateError(
      'config-invalid',
      `vsa.key: ${path} is not one P-256 private key in PEM (PKCS #8, without a password)`,
    )
  return { key, verifierId }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GateError('config-invalid', `vsa.key: ${path} ${whyUnread(cause)}`, {
      cause,
    })
  }
}
