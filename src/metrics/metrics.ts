import type * as Prometheus from 'prom-client';
import type { Counter, Gauge, Histogram, Metric, OpenMetricsContentType, Registry } from 'prom-client';

/** Seconds; from a memory lookup to a client's patience. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Every figure of the RA. Labels are words of the program (routes, problem types, profiles, states) and identifiers of
 * authorities: never a name, an account or an address, so that the number of series is bounded.
 */
export interface Metrics {
  registry: Registry;
  /** The same figures for whoever asks for OpenMetrics. */
  openMetrics: Registry<OpenMetricsContentType>;
  requests: Histogram<'route' | 'method' | 'status'>;
  refusals: Counter<'route' | 'problem'>;
  admissionRefusals: Counter<'listener'>;
  orders: Counter<'outcome'>;
  validations: Counter<'type' | 'outcome' | 'problem'>;
  validationSeconds: Histogram<'type'>;
  revocations: Counter<'by'>;
  limits: Counter<'limit'>;
  storeSeconds: Histogram<'operation' | 'outcome'>;
  caSeconds: Histogram<'operation' | 'outcome'>;
  queue: Gauge<'queue' | 'state'>;
  up: Gauge<'what'>;
  latency: Gauge<'what'>;
  certificates: Gauge<'profile' | 'state'>;
  notRenewed: Gauge<'profile'>;
  authorityEnds: Gauge<'authority' | 'kind' | 'state'>;
  raCertificateEnds: Gauge;
  crlThisUpdate: Gauge<'issuer'>;
  crlNextUpdate: Gauge<'issuer'>;
  crlNumber: Gauge<'issuer'>;
  auditRecords: Gauge<'program'>;
  auditBroken: Gauge<'program'>;
  diskFree: Gauge<'program'>;
  dnsSilent: Gauge;
  caStarted: Gauge;
  backupAt: Gauge<'program'>;
  notices: Counter<'outcome'>;
  noticesWaiting: Gauge;
  build: Gauge<'version'>;
}

/** Loads the library, which nobody needs who has no metrics. */
export async function createMetrics(version: string): Promise<Metrics> {
  return build((await import('prom-client')).default, version);
}

function build(prom: (typeof Prometheus)['default'], version: string): Metrics {
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Histogram({ name, help, labelNames, registers, buckets: BUCKETS });
  const openMetrics = new prom.Registry<OpenMetricsContentType>();
  openMetrics.setContentType(prom.openMetricsContentType);
  const metrics: Metrics = {
    registry,
    openMetrics,
    requests: histogram(
      'upki_http_request_duration_seconds',
      'Requests answered, by route.',
      'route',
      'method',
      'status',
    ),
    refusals: counter(
      'upki_refusals_total',
      'Requests refused, by ACME problem or REST code.',
      'route',
      'problem',
    ),
    admissionRefusals: counter(
      'upki_admission_refused_total',
      'Requests refused for too much at once.',
      'listener',
    ),
    orders: counter(
      'upki_orders_total',
      'Orders handed to the CA: issued, refused, deferred while it is away, queued.',
      'outcome',
    ),
    validations: counter(
      'upki_validations_total',
      'Attempts to validate a challenge.',
      'type',
      'outcome',
      'problem',
    ),
    validationSeconds: histogram(
      'upki_validation_duration_seconds',
      'How long an attempt to validate took.',
      'type',
    ),
    revocations: counter(
      'upki_revocations_total',
      'Certificates revoked, by an ACME client or another.',
      'by',
    ),
    limits: counter('upki_limits_hit_total', 'Requests a limit refused.', 'limit'),
    storeSeconds: histogram(
      'upki_store_duration_seconds',
      'How long the RA’s database took.',
      'operation',
      'outcome',
    ),
    caSeconds: histogram('upki_ca_duration_seconds', 'How long the CA took.', 'operation', 'outcome'),
    queue: gauge(
      'upki_queue_items',
      'Work of this RA: running, and waiting for its share.',
      'queue',
      'state',
    ),
    up: gauge('upki_up', 'Whether the CA and the databases answered at the last look.', 'what'),
    latency: gauge(
      'upki_latency_seconds',
      'How long the CA and the databases took at the last look.',
      'what',
    ),
    certificates: gauge('upki_certificates', 'Certificates of the CA.', 'profile', 'state'),
    notRenewed: gauge(
      'upki_certificates_not_renewed',
      'Past the end of their renewal window without a successor.',
      'profile',
    ),
    authorityEnds: gauge(
      'upki_authority_not_after_seconds',
      'When a CA certificate ends, Unix time.',
      'authority',
      'kind',
      'state',
    ),
    raCertificateEnds: gauge(
      'upki_ra_certificate_not_after_seconds',
      'When the certificate of this RA ends, Unix time.',
    ),
    crlThisUpdate: gauge('upki_crl_this_update_seconds', 'When the CRL was made, Unix time.', 'issuer'),
    crlNextUpdate: gauge('upki_crl_next_update_seconds', 'When the CRL ends, Unix time.', 'issuer'),
    crlNumber: gauge('upki_crl_number', 'Number of the CRL (RFC 5280 §5.2.3).', 'issuer'),
    auditRecords: gauge('upki_audit_records', 'Records in the audit log.', 'program'),
    auditBroken: gauge('upki_audit_broken', '1: the chain of the audit log was found broken.', 'program'),
    diskFree: gauge('upki_disk_free_bytes', 'Free space where the program keeps its files.', 'program'),
    dnsSilent: gauge('upki_dns_silent', '1: no DNS server answers anything.'),
    caStarted: gauge('upki_ca_start_time_seconds', 'When the CA that answered was started, Unix time.'),
    backupAt: gauge(
      'upki_backup_last_seconds',
      'When the last backup was complete, Unix time; absent: none is known.',
      'program',
    ),
    notices: counter('upki_notices_total', 'Notices sent, failed (and tried again), dropped.', 'outcome'),
    noticesWaiting: gauge('upki_notices_waiting', 'Notices that wait to be sent, by any RA on the store.'),
    build: gauge('upki_build_info', 'Always 1; the version is its label.', 'version'),
  };
  metrics.build.set({ version }, 1);
  for (const metric of registry.getMetricsAsArray()) openMetrics.registerMetric(metric as unknown as Metric);
  return metrics;
}
