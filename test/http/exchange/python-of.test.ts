import t from 'tap'
import { pythonOf } from '../../../src/http/exchange/python-of.ts'

t.test('clients say for which Python they install', async t => {
  for (const [agent, python] of [
    [
      'pip/25.0.1 {"ci":null,"cpu":"x86_64","implementation":{"name":"CPython","version":"3.12.3"},"python":"3.12.3"}',
      '3.12',
    ],
    [
      'uv/0.9.5 {"installer":{"name":"uv","version":"0.9.5"},"python":"3.13.0rc2","implementation":{"name":"CPython"}}',
      '3.13',
    ],
    ['uv/0.9.5 {"python":"3.9"}', '3.9'],
    ['poetry/2.1.1 CPython/3.11.2 Linux/6.1', '3.11'],
  ] as const)
    t.equal(pythonOf(agent)?.text, python, agent)
})

t.test('who does not say is asked for nothing', async t => {
  for (const agent of [
    undefined,
    '',
    'curl/8',
    'Mozilla/5.0',
    '{"python":"2.7.18"}',
    '{"python":"3.999"}',
    `CPython/3.11${' '.repeat(5000)}`,
  ])
    t.equal(pythonOf(agent), undefined)
})
