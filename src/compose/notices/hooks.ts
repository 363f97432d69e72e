import { readFileSync } from 'node:fs'
import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import type { HookSettings } from '../../config/sections/notify.ts'
import { sha256Of } from '../../domain/base/digest.ts'
import { whyUnread } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Hook } from '../../gate/notices/hook.ts'
import { parseWebhookSecrets } from '../../protocol/webhooks/webhook-secrets.ts'
import { readCa } from '../upstream.ts'

interface Parts {
  readonly environment: Environment
  readonly version: string
}

/** What is wrong with files that `notify` names, one a line. Nothing that is in them is repeated. */
export function checkHooks({ notify }: Pick<Config, 'notify'>): void {
  const wrong = notify.flatMap((hook, place) => {
    try {
      readSecrets(hook, place)
      readCa(hook.ca, `notify.${place}.ca`)
      return []
    } catch (error) {
      if (error instanceof GateError) return error.detail
      throw error
    }
  })
  if (wrong.length > 0) throw new GateError('config-invalid', wrong.join('\n'))
}

/** Everybody whom the configuration names to be told. What sends is loaded where there is one. Throws `config-invalid`. */
export async function openHooks({ notify }: Pick<Config, 'notify'>, parts: Parts): Promise<readonly Hook[]> {
  const { createWebhookSender } = await import('../../upstream/webhooks/webhook-sender.ts')
  return notify.map((settings, place) => {
    const { url, template, events, ca } = settings
    return {
      key: hookKey(settings),
      host: new URL(url).host,
      template,
      wants: type => events === undefined || events.includes(type),
      sender: createWebhookSender({
        url,
        secrets: keptSecrets(settings, place),
        ca: readCa(ca, `notify.${place}.ca`),
        ...parts,
      }),
    }
  })
}

/** The same at every gate; the address cannot be had from it. */
function hookKey({ url }: HookSettings): string {
  return sha256Of(`webhook ${url}`).slice(0, 32)
}

/** Read again for every attempt, so that a secret takes another's place without a restart; while the file is no good, those from before count. */
function keptSecrets(settings: HookSettings, place: number): () => readonly string[] {
  let secrets = readSecrets(settings, place)
  return () => {
    try {
      secrets = readSecrets(settings, place)
    } catch {
      // as it was
    }
    return secrets
  }
}

function readSecrets({ secret_file: file }: HookSettings, place: number): readonly string[] {
  if (file === undefined) return []
  const secrets = parseWebhookSecrets(readText(file, place))
  if ('wrong' in secrets) throw new GateError('config-invalid', `notify.${place}.secret_file: ${file} ${secrets.wrong}`)
  return secrets
}

function readText(file: string, place: number): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new GateError('config-invalid', `notify.${place}.secret_file: ${file} ${whyUnread(cause)}`, { cause })
  }
}
