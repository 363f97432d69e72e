import t from 'tap'
import { writePolicy } from '../../../src/protocol/policy/write.ts'
import { NOW } from '../../world/judging/judging.ts'

t.test('nothing from outside leaves a comment of a policy that is written', async t => {
  const text = writePolicy([], {
    locks: ['uv\nlock'],
    at: NOW,
    owner: 'me',
    expires: '2027-01-01',
    remarks: ['Not covered: x\u2028y\rz\n  - match: evil\n    attestation: optional'],
  })
  const outside = text.split(/[\n\r\u0085\u2028\u2029]/).filter(line => line !== '' && !line.startsWith('#'))
  t.strictSame(outside, [
    'version: 1',
    'mode: enforce',
    'defaults:',
    '  attestation: required',
    '  unmatched: deny',
    'projects:',
  ])
})
