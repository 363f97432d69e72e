import { randomUUID } from 'node:crypto'
import type { Services, TestedHook } from '../../cli/command/services.ts'
import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import { secretsOf } from '../../config/secrets.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { Secrets } from '../../domain/base/secrets.ts'
import type { NoticeKeeper } from '../../ports/console/notices.ts'
import { messageOf } from '../../protocol/webhooks/message.ts'
import { touchFolder } from '../first-touch.ts'
import { openHooks } from './hooks.ts'

/** The notices of the configured data folder, or of the database that gates share, for one command. */
export async function keepNotices<Result>(
  config: Config,
  use: (notices: NoticeKeeper) => Result | Promise<Result>,
  { clock }: { readonly clock: Clock },
): Promise<Result> {
  const { database } = config.store
  if (database !== undefined) {
    const { withSharedNotices } = await import('../../store/postgres/with-database.ts')
    return await withSharedNotices(database, use)
  }
  await touchFolder(config.data)
  const { withNotices } = await import('../../store/notices.ts')
  return await withNotices(config.data, clock, use)
}

interface Parts {
  readonly clock: Clock
  readonly environment: Environment
  readonly version: string
}

/** One message to each hook, past the queue, or to the one at `url`. Throws `config-invalid`, and `usage` where there is no such hook. */
export async function testHooks(
  config: Config,
  url: string | undefined,
  parts: Parts,
): ReturnType<Services['testHooks']> {
  const { clock } = parts
  const wanted = url === undefined ? undefined : URL.parse(url)?.href
  const notify = url === undefined ? config.notify : config.notify.filter(hook => hook.url === wanted)
  if (notify.length === 0)
    throw new GateError(
      'usage',
      url === undefined ? 'notify names no webhook' : 'notify names no webhook with this URL',
    )
  const hooks = await openHooks({ notify }, parts)
  const never = new AbortController().signal
  // a receiver may say where it was asked, and that is a secret
  const { clean } = new Secrets(secretsOf(config, parts.environment))
  return await Promise.all(
    hooks.map(async ({ host, template, sender }): Promise<TestedHook> => {
      const id = `msg_${randomUUID().replaceAll('-', '')}`
      const at = clock()
      const source = config.publicUrl ?? 'urn:portcullis:gate'
      const message = messageOf({ id, source, at, ...TEST }, template)
      let headers: Readonly<Record<string, string>> = {}
      let line: string | undefined
      const answer = await sender.send({ id, at, ...message }, never, heard => {
        if (heard.kind === 'sent') headers = withoutSignatures(heard.headers)
        else line = clean(heard.line)
      })
      await sender.close()
      return { host, id, status: answer.status, wrong: wrongIn(answer), sent: { headers, body: message.body }, line }
    }),
  )
}

/** What is shown is pasted into tickets: enough of each signature to compare it with what a receiver got, and too little to send it again. */
function withoutSignatures(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { 'webhook-signature': signatures } = headers
  if (signatures === undefined) return headers
  return { ...headers, 'webhook-signature': signatures.replaceAll(/(v1,.{8})\S*/g, '$1…') }
}

const TEST = {
  type: 'test',
  subject: 'portcullis notify test',
  title: 'A test of this webhook',
  text: 'Nothing has happened. Somebody ran portcullis notify test.',
  url: undefined,
  data: {},
} as const

function wrongIn(answer: { readonly kind: string; readonly status: number | undefined; readonly why?: string }) {
  if (answer.kind === 'taken') return undefined
  return answer.why ?? `it answered ${answer.status}`
}
