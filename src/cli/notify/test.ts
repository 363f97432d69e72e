import type { Command } from 'commander'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services, TestedHook } from '../command/services.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'

interface TestOptions {
  readonly config?: string
  readonly url?: string
  readonly format: 'text' | 'json'
}

const MORE = `
Exit codes:
  0  every receiver answered with 2xx
  2  usage or configuration: there is no such webhook, or its secret is none
  4  a receiver did not, or could not be reached

Output of --format json, one object a line and a webhook:
  {host, id, ok, status: null | number, why: null | text,
   sent: {headers, body}, line: null | text}
  line is the first of the answer; of a signature headers have the first letters

${ENVIRONMENT}

Examples:
  portcullis notify test
  portcullis notify test --url https://hooks.acme.example/portcullis`

export function addNotifyTest(notify: Command, services: Services, conclude: Conclude): void {
  notify
    .command('test')
    .summary('tell webhooks that nothing happened')
    .description(
      'Sends one message to every webhook of the configuration, signed and in its template, once and past the queue: its type ends in .test, whatever events the webhook wants. What was sent is shown (>), and what was answered (<): the status, and the first line of the body.',
    )
    .option('--url <url>', 'to this one of them alone')
    .addOption(formatOption('json prints one object a line and a webhook'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const { config: path, url, format } = command.optsWithGlobals<TestOptions>()
      const { config } = await services.loadConfig({ config: path })
      const tested = await services.testHooks(config, url)
      const screen = createScreen(services.output)
      for (const one of tested)
        if (format === 'json') services.output.out(jsonLine(rowOf(one)))
        else show(screen, one)
      if (tested.some(({ wrong }) => wrong !== undefined)) conclude(4)
    })
}

function rowOf({ host, id, status, wrong, sent, line }: TestedHook): object {
  return { host, id, ok: wrong === undefined, status: status ?? null, why: wrong ?? null, sent, line: line ?? null }
}

function show(screen: Screen, { host, id, status, wrong, sent: { headers, body }, line }: TestedHook): void {
  if (wrong === undefined) screen.line(styled('good', '✓'), ` ${host} answered ${status} (${id})`)
  else screen.line(styled('bad', '✗'), ` ${host}: ${wrong} (${id})`)
  const whole = [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ...body.split('\n')]
  for (const row of whole) screen.line(styled('dim', `  > ${row}`.trimEnd()))
  if (line === undefined) return
  for (const row of [String(status), line].filter(text => text !== '')) screen.line(styled('dim', `  < ${row}`))
}
