import t from 'tap'
import { parseRelease, parseTarget } from '../../../src/protocol/api/target.ts'

t.test('what somebody names is a file, a release, a project, a path or a refusal', async t => {
  t.match(parseTarget('demo-1.0-py3-none-any.whl'), { kind: 'filename' })
  t.match(parseTarget('Demo==1.0'), { kind: 'release', project: 'demo', version: '1.0' })
  t.match(parseTarget('Demo_Two'), { kind: 'project', project: 'demo-two' })
  t.match(parseTarget('3k9q0c7m2a1b'), { kind: 'refusal', id: '3k9q0c7m2a1b' })
  t.match(parseTarget('https://pypi.acme.example/x/3k9q0c7m2a1b'), { kind: 'refusal' })
  const path = `/packages/aa/bb/${'c'.repeat(60)}/demo-1.0.tar.gz`
  t.match(parseTarget(`https://pypi.acme.example${path}`), { kind: 'path', path })
  t.throws(() => parseTarget('./demo-1.0.tar.gz'), { code: 'usage' })
  t.throws(() => parseRelease('demo==not-a-version'), { code: 'usage' })
  t.equal(parseRelease('demo'), undefined)
})
