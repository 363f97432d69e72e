import { readFileSync } from 'node:fs'
import type { ConsoleSettings } from '../../config/sections/console.ts'
import { whyUnread } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

/** The secret of the console's registration at its issuer, without the white space round it. Throws `config-invalid`. */
export function readClientSecret({ oidc: { clientSecretFile: file } }: ConsoleSettings): string | undefined {
  if (file === undefined) return undefined
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (secret !== '') return secret
  } catch (error) {
    throw new GateError('config-invalid', `console.oidc.client_secret_file ${file} ${whyUnread(error)}`, {
      cause: error,
    })
  }
  throw new GateError('config-invalid', `console.oidc.client_secret_file ${file} is empty`)
}
