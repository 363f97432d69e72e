import t from 'tap'
import { reportError } from '../../../src/cli/command/report-error.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { desk, release } from '../../world/commands/desk.ts'

t.test('an unexpected exception is exit 3, one line with an id; the stack only when asked for', async t => {
  const desk_ = await desk(t)
  await release(desk_, 'demo', '1.0')
  const beforeOpen = () => {
    throw new TypeError('boom \u001b[31m')
  }
  const plain = await desk_.with({ beforeOpen })('verify', 'demo==1.0')
  t.match(plain, {
    exit: 3,
    out: '',
    err: /^internal error [0-9a-f]{8}: TypeError: boom \\u\{1b\}\[31m\. .*PORTCULLIS_DEBUG=1[^\n]*\n$/,
  })
  const debug = await desk_.with({ beforeOpen, environment: { PORTCULLIS_DEBUG: '1' } })('verify', 'demo==1.0')
  t.match(debug, { exit: 3, err: /\n {6}at .*report-error\.test\.ts/ })
  const bug = await desk_.with({
    beforeOpen: () => {
      throw new GateError('unknown-bug', 'cannot be')
    },
  })('verify', 'demo==1.0')
  t.match(bug, { exit: 3, err: /^internal error [0-9a-f]{8}: / })
})

t.test('every line of what is wrong is told, whatever the code', async t => {
  for (const code of ['usage', 'not-found', 'unknown-store', 'policy-invalid', 'config-invalid'] as const) {
    const told: string[] = []
    const output = {
      out() {},
      err: (text: string) => void told.push(text),
      colour: { out: false, err: false },
      columns: undefined,
      progress: false,
    }
    reportError(new GateError(code, 'one\ntwo\nthree'), { output, environment: {} })
    const lines = told.join('').split('\n')
    const second = lines.indexOf('two')
    t.match(lines[second - 1], /\bone\b/, code)
    t.equal(lines[second + 1], 'three', code)
  }
})
