// Asks random questions of `nonhuman access aws` and of @cloud-copilot/iam-simulate, a separate program under the AGPL that
// is run and never copied from, and prints where they differ. Usage: node differential.mjs BINARY PACKAGE_DIR [COUNT] [SEED]
// Deviations that are explained in EXPLAINED are counted and do not fail the run.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [binary, packages, count = '2000', seed = '1'] = process.argv.slice(2)
const require = createRequire(pathToFileURL(packages + '/x.js'))
const { runSimulation, anonymousPrincipal } = require('@cloud-copilot/iam-simulate')

let state = Number(seed) >>> 0
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const pick = (list) => list[Math.floor(random() * list.length)]
const chance = (p) => random() < p
const some = (list, most) => Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(list))

const HOME = '111122223333'
const OTHER = '444455556666'
const REQUESTS = [
  ['s3:GetObject', 'arn:aws:s3:::orders/2026/a.csv'],
  ['s3:GetObject', 'arn:aws:s3:::Orders/2026/A.csv'],
  ['s3:ListBucket', 'arn:aws:s3:::orders'],
  ['s3:ListAllMyBuckets', '*'],
  ['dynamodb:GetItem', `arn:aws:dynamodb:eu-west-1:${HOME}:table/carts`],
  ['sqs:SendMessage', `arn:aws:sqs:eu-west-1:${HOME}:jobs`],
  ['lambda:InvokeFunction', `arn:aws:lambda:eu-west-1:${HOME}:function:pay`],
  ['iam:PassRole', `arn:aws:iam::${HOME}:role/ci`],
  ['iam:GetUser', `arn:aws:iam::${HOME}:user/anna`],
  ['sts:AssumeRole', `arn:aws:iam::${HOME}:role/ci`],
  ['kms:Decrypt', `arn:aws:kms:eu-west-1:${HOME}:key/00000000-0000-0000-0000-00000000feed`],
]
const PRINCIPALS = [
  `arn:aws:iam::${HOME}:user/anna`,
  `arn:aws:iam::${HOME}:user/team/ben`,
  `arn:aws:sts::${HOME}:assumed-role/ci/run-1`,
  `arn:aws:iam::${OTHER}:user/guest`,
  `arn:aws:sts::${OTHER}:assumed-role/partner/job`,
  '*',
]
const ACTIONS = ['*', 's3:*', 's3:Get*', 's3:getobject', 's3:GetObjec?', 's3:List*', 'dynamodb:*', 'dynamodb:Get?tem', 'sqs:SendMessage',
  'lambda:Invoke*', 'iam:*', 'iam:PassRole', 'iam:Get*', 'sts:AssumeRole', 'sts:*', 'kms:Decrypt', 'kms:*', 'ec2:*', 's3:GetObject,']
const RESOURCES = ['*', 'arn:aws:s3:::orders/*', 'arn:aws:s3:::orders', 'arn:aws:s3:::orders*', 'arn:aws:s3:::?rders/2026/*', 'arn:aws:s3:::*/a.csv',
  'arn:aws:dynamodb:*:*:table/carts', 'arn:aws:sqs:eu-west-1:111122223333:*', 'arn:aws:lambda:*:111122223333:function:p??',
  'arn:aws:iam::*:role/*', 'arn:aws:iam::111122223333:user/${aws:username}', 'arn:aws:iam::111122223333:*', 'arn:aws:kms:*:*:key/*',
  "arn:aws:s3:::${aws:PrincipalTag/team, 'orders'}/*", 'arn:aws:s3:::${aws:PrincipalTag/team}/*', 'arn:aws:s3:::orders/${*}', 'arn:*:*:*:*:*']
const KEYS = {
  'aws:SourceIp': ['203.0.113.7', '198.51.100.1', '2001:db8::1'],
  'aws:PrincipalOrgID': ['o-one', 'o-two'],
  'aws:CurrentTime': ['2026-11-22T10:00:00Z', '2019-06-01T00:00:00Z'],
  'aws:PrincipalTag/team': ['orders', 'Orders', 'pay*'],
  'aws:RequestedRegion': ['eu-west-1', 'us-east-1'],
  'aws:MultiFactorAuthPresent': ['true', 'false'],
  'aws:MultiFactorAuthAge': ['60', '7200'],
  'aws:SecureTransport': ['true', 'false'],
  'aws:SourceArn': [`arn:aws:lambda:eu-west-1:${HOME}:function:pay`, 'arn:aws:s3:::orders'],
  'aws:TagKeys': [['team'], ['team', 'cost'], ['cost']],
}
const TESTS = [
  ['StringEquals', 'aws:PrincipalOrgID', ['o-one', 'o-two', 'O-ONE', '${aws:PrincipalTag/team}']],
  ['StringNotEquals', 'aws:PrincipalOrgID', ['o-one', 'o-two']],
  ['StringEqualsIgnoreCase', 'aws:PrincipalTag/team', ['ORDERS', 'pay*']],
  ['StringNotEqualsIgnoreCase', 'aws:PrincipalTag/team', ['ORDERS']],
  ['StringLike', 'aws:PrincipalTag/team', ['ord*', '*', 'pay${*}', 'pay?', '${aws:RequestedRegion}']],
  ['StringNotLike', 'aws:PrincipalTag/team', ['ord*', 'Ord*']],
  ['NumericLessThan', 'aws:MultiFactorAuthAge', ['3600', '60']],
  ['NumericLessThanEquals', 'aws:MultiFactorAuthAge', ['60']],
  ['NumericGreaterThan', 'aws:MultiFactorAuthAge', ['60']],
  ['NumericGreaterThanEquals', 'aws:MultiFactorAuthAge', ['60', '7200']],
  ['NumericEquals', 'aws:MultiFactorAuthAge', ['60']],
  ['NumericNotEquals', 'aws:MultiFactorAuthAge', ['60']],
  ['DateGreaterThan', 'aws:CurrentTime', ['2020-01-01T00:00:00Z']],
  ['DateLessThan', 'aws:CurrentTime', ['2020-01-01T00:00:00Z']],
  ['DateLessThanEquals', 'aws:CurrentTime', ['2026-11-22T10:00:00Z']],
  ['DateEquals', 'aws:CurrentTime', ['2026-11-22T10:00:00Z']],
  ['DateNotEquals', 'aws:CurrentTime', ['2026-11-22T10:00:00Z']],
  ['Bool', 'aws:MultiFactorAuthPresent', ['true', 'false']],
  ['Bool', 'aws:SecureTransport', ['true', 'false']],
  ['IpAddress', 'aws:SourceIp', ['203.0.113.0/24', '2001:db8::/32', '198.51.100.1']],
  ['NotIpAddress', 'aws:SourceIp', ['203.0.113.0/24']],
  ['ArnLike', 'aws:SourceArn', ['arn:aws:lambda:*:*:function:*', 'arn:aws:s3:::ord*', 'arn:aws:s3*']],
  ['ArnEquals', 'aws:SourceArn', ['arn:aws:s3:::orders', 'arn:aws:lambda:*:111122223333:function:pay']],
  ['ArnNotLike', 'aws:SourceArn', ['arn:aws:s3:::*']],
  ['Null', 'aws:PrincipalOrgID', ['true', 'false']],
  ['Null', 'aws:TagKeys', ['true', 'false']],
  ['ForAllValues:StringEquals', 'aws:TagKeys', ['team', 'cost']],
  ['ForAnyValue:StringEquals', 'aws:TagKeys', ['team', 'cost']],
  ['ForAllValues:StringLike', 'aws:TagKeys', ['t*']],
  ['ForAnyValue:StringNotEquals', 'aws:TagKeys', ['team']],
  ['ForAllValues:StringNotEquals', 'aws:TagKeys', ['team']],
]

function condition() {
  const block = {}
  for (let n = 1 + Math.floor(random() * 2); n > 0; n--) {
    let [operator, key, values] = pick(TESTS)
    if (chance(0.2) && operator !== 'Null') operator += 'IfExists'
    const list = chance(0.5) ? some(values, 2) : pick(values)
    block[operator] = { ...(block[operator] ?? {}), [chance(0.2) ? key.toUpperCase().replace('TEAM', 'team') : key]: list }
  }
  return block
}

function statement(request, { principal, allowOnly } = {}) {
  const made = { Effect: allowOnly || chance(0.75) ? 'Allow' : 'Deny' }
  // Half of the statements are about what is asked, or few requests would be allowed.
  const near = chance(0.5)
  made[chance(0.15) ? 'NotAction' : 'Action'] = near ? request[0] : chance(0.5) ? some(ACTIONS, 3) : pick(ACTIONS)
  made[chance(0.15) ? 'NotResource' : 'Resource'] = near && chance(0.7) ? request[1] : chance(0.5) ? some(RESOURCES, 3) : pick(RESOURCES)
  if (chance(0.4)) made.Condition = condition()
  if (principal) {
    const names = ['*', { AWS: '*' }, { AWS: HOME }, { AWS: `arn:aws:iam::${HOME}:root` }, { AWS: `arn:aws:iam::${OTHER}:root` },
      { AWS: `arn:aws:iam::${HOME}:user/anna` }, { AWS: `arn:aws:iam::${HOME}:role/ci` }, { AWS: `arn:aws:sts::${HOME}:assumed-role/ci/run-1` },
      { AWS: `arn:aws:iam::${OTHER}:user/guest` }, { AWS: [`arn:aws:iam::${OTHER}:role/partner`, `arn:aws:iam::${HOME}:user/team/ben`] },
      { Service: 'lambda.amazonaws.com' }]
    made[made.Effect === 'Deny' && chance(0.2) ? 'NotPrincipal' : 'Principal'] = pick(names)
  }
  return made
}

const policy = (request, options) => ({
  Version: chance(0.92) ? '2012-10-17' : '2008-10-17',
  Statement: chance(0.1) ? statement(request, options) : Array.from({ length: 1 + Math.floor(random() * 3) }, () => statement(request, options)),
})
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

function question(id) {
  const request = pick(REQUESTS)
  const principal = pick(PRINCIPALS)
  const context = {}
  for (const [key, values] of Object.entries(KEYS)) if (chance(0.6)) context[key] = pick(values)
  const account = principal.split(':')[4] ?? ''
  if (principal !== '*') {
    context['aws:PrincipalArn'] = principal.replace(':sts:', ':iam:').replace('assumed-role', 'role').replace(/(role\/[^/]+)\/.*/, '$1')
    context['aws:PrincipalAccount'] = account
    if (principal.includes(':user/')) context['aws:username'] = principal.split('/').pop()
  }
  const asked = { id, principal, action: request[0], resource: request[1], resource_account: HOME, context, complete_context: true, identity_policies: [], session_policies: [], scps: [], rcps: [] }
  const signed = principal !== '*'
  if (signed) asked.identity_policies = Array.from({ length: Math.floor(random() * 3) }, () => policy(request))
  if (signed && chance(0.25)) asked.boundary = chance(0.3) ? everything : policy(request)
  if (signed && chance(0.25)) asked.scps = Array.from({ length: 1 + Math.floor(random() * 2) }, () => [chance(0.5) ? everything : policy(request)])
  if (chance(0.15)) {
    const denial = { Sid: 'Fence', Effect: 'Deny', Principal: '*', Action: chance(0.6) ? request[0] : 's3:Get*', Resource: chance(0.5) ? '*' : request[1] }
    if (chance(0.5)) denial.Condition = condition()
    asked.rcps = [{ Version: '2012-10-17', Statement: [denial] }]
  }
  if (signed && principal.includes('assumed-role') && chance(0.2)) asked.session_policies = [policy(request)]
  if (chance(0.55) || request[0] === 'sts:AssumeRole' || !signed) {
    asked.resource_policy = policy(request, { principal: true })
    if (request[0] === 'sts:AssumeRole') for (const s of [asked.resource_policy.Statement].flat()) { delete s.Resource; delete s.NotResource }
  }
  return asked
}

const levels = (lists) => lists.map((policies, i) => ({ orgIdentifier: `ou-${i}`, policies: policies.map((policy, n) => ({ name: `p${n}`, policy })) }))
const simulation = (q) => ({
  request: { principal: q.principal === '*' ? anonymousPrincipal : q.principal, action: q.action, resource: { resource: q.resource, accountId: q.resource_account }, contextVariables: q.context },
  identityPolicies: q.identity_policies.map((policy, n) => ({ name: `p${n}`, policy })),
  serviceControlPolicies: levels(q.scps),
  resourceControlPolicies: q.rcps.length ? levels([q.rcps]) : [],
  resourcePolicy: q.resource_policy,
  permissionBoundaryPolicies: q.boundary ? [{ name: 'b', policy: q.boundary }] : undefined,
  sessionPolicy: q.session_policies[0],
})

// Where we differ and mean to: [name, whether it explains a case].
const UNDER_RCPS = ['dynamodb', 'kms', 's3', 'sqs', 'sts']
const holdsOnlyWith = (q, text) => JSON.stringify(q).toLowerCase().includes(text)
const EXPLAINED = [
  // The user guide: NotPrincipal leaves out whom it names, not everybody of an account that it names, nor the sessions of a role.
  ['NotPrincipal leaves out the named alone', (q, ours) => ours !== 'Allowed' && [q.resource_policy?.Statement ?? []].flat().some((s) => s.NotPrincipal && s.Effect === 'Deny')],
  // AWS applies them to the services of a list; they leave that to their caller.
  ['resource control policies bind only services that support them', (q) => q.rcps.length > 0 && !UNDER_RCPS.includes(q.action.split(':')[0])],
  // The user guide: variables came with version 2012-10-17, and are text in the older one; they fill them in both.
  ['variables in a document of version 2008-10-17', (q) => /"2008-10-17"/.test(JSON.stringify(q)) && JSON.stringify(q).includes('${')],
  // The user guide, "Session policies": what the policy of a resource gives to the ARN of a session is not limited by the
  // session policy; they limit it.
  ['the policy of a resource names the session itself', (q, ours, theirs) => ours === 'Allowed' && theirs === 'ImplicitlyDenied' && q.session_policies.length > 0 && q.principal.includes(':assumed-role/') && JSON.stringify(q.resource_policy ?? {}).includes(q.principal)],
  // The user guide, "Policy variables with no value": a variable without a value equals nothing, so NotResource does not
  // except it; they take the statement out.
  ['a variable without a value in NotResource', (q) => JSON.stringify(q).includes('${aws:PrincipalTag/team}') && /"NotResource":(\[[^\]]*|"[^"]*)\$\{aws:PrincipalTag\/team\}/.test(JSON.stringify(q)) && !q.context['aws:PrincipalTag/team']],
  // The user guide: with IfExists, an absent key makes the element true; they say false for ForAnyValue.
  ['ForAnyValue with IfExists and no such key', (q) => holdsOnlyWith(q, 'foranyvalue:') && /ForAnyValue:\w+IfExists/.test(JSON.stringify(q)) && !q.context['aws:TagKeys']],
]

const questions = Array.from({ length: Number(count) }, (_, id) => question(id))
const ran = spawnSync(binary, ['access', 'aws', '--isolated', '--requests', '-'], { input: questions.map((q) => JSON.stringify(q)).join('\n'), maxBuffer: 1 << 30 })
const answers = ran.stdout.toString().trim().split('\n').map((line) => JSON.parse(line))
if (answers.length !== questions.length) throw new Error(`${answers.length} answers to ${questions.length} questions: ${ran.stderr}`)

const tally = { same: 0, refused: 0, explained: {}, different: 0 }
const verdicts = {}
const refusals = {}
for (const [index, q] of questions.entries()) {
  const theirs = await runSimulation(simulation(q), { simulationMode: 'Strict' })
  if (theirs.resultType === 'error' || theirs.errors) {
    const why = JSON.stringify(theirs.errors ?? theirs).slice(0, 150)
    refusals[why] = (refusals[why] ?? 0) + 1
    tally.refused++
    continue
  }
  const result = theirs.overallResult ?? theirs.analysis?.result ?? theirs.result
  const ours = answers[index].error ? `error ${answers[index].error}` : { allowed: 'Allowed', conditional: 'Conditional', denied: answers[index].explicit ? 'ExplicitlyDenied' : 'ImplicitlyDenied' }[answers[index].decision]
  verdicts[result] = (verdicts[result] ?? 0) + 1
  if (ours === result) { tally.same++; continue }
  const known = EXPLAINED.find(([, explains]) => explains(q, ours, result))
  if (known) { tally.explained[known[0]] = (tally.explained[known[0]] ?? 0) + 1; continue }
  tally.different++
  if (tally.different <= Number(process.env.SHOW ?? 5)) console.log(JSON.stringify({ ours, theirs: result, answer: answers[index], question: q }))
}
if (process.env.SHOW) console.log(refusals)
console.log(JSON.stringify({ ...tally, verdicts }))
process.exit(tally.different > 0 ? 1 : 0)
