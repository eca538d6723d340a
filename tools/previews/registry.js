// What Grafana's core registers before it draws: field options and transformations. Only these are in effect.
import {
  FieldConfigOptionsRegistry,
  booleanOverrideProcessor,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  locationUtil,
  numberOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';

const STANDARD = {
  unit: unitOverrideProcessor,
  min: numberOverrideProcessor,
  max: numberOverrideProcessor,
  decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  noValue: identityOverrideProcessor,
  links: dataLinksOverrideProcessor,
  color: identityOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  filterable: booleanOverrideProcessor,
  fieldMinMax: booleanOverrideProcessor,
};

/** Options of single panel types, by the default that their plugins give. */
const CUSTOM = {
  table: { align: 'auto', cellOptions: { type: 'auto' }, filterable: false, inspect: false, width: undefined, minWidth: undefined, wrapText: undefined },
  timeseries: {
    drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', spanNulls: false,
    showPoints: 'auto', pointSize: 5, stacking: { mode: 'none', group: 'A' }, axisPlacement: 'auto', axisGridShow: undefined,
    axisColorMode: 'text', axisSoftMin: undefined, axisSoftMax: undefined, axisBorderShow: false, axisCenteredZero: false, scaleDistribution: { type: 'linear' },
    barAlignment: 0, barWidthFactor: 0.6, hideFrom: { tooltip: false, viz: false, legend: false },
  },
  'state-timeline': { fillOpacity: 70, lineWidth: 0 },
};

const everywhere = { shouldApply: () => true, settings: {} };

/** The options of one panel type. */
export function fieldOptions(type) {
  const registry = new FieldConfigOptionsRegistry();
  for (const [id, process] of Object.entries(STANDARD)) {
    registry.register({ ...everywhere, id, path: id, name: id, process });
  }
  for (const id of Object.keys(CUSTOM[type] ?? {})) {
    registry.register({ ...everywhere, id: `custom.${id}`, path: id, name: id, isCustom: true, process: identityOverrideProcessor });
  }
  return registry;
}

/** A panel's options on fields, with its type's defaults, and without the first threshold's null, as Grafana loads them. */
export function fieldConfig({ type, fieldConfig: own }) {
  const { defaults, overrides } = structuredClone(own);
  const thresholds = [defaults, ...overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'thresholds').map(({ value }) => ({ thresholds: value })))];
  for (const step of thresholds.flatMap((one) => one.thresholds?.steps ?? [])) {
    step.value ??= -Infinity;
  }
  return { defaults: { ...defaults, custom: { ...CUSTOM[type], ...defaults.custom } }, overrides };
}

export function registerTransformations() {
  // Some stand there under an old name too.
  const all = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(() => [...all.values()].map((one) => ({ id: one.id, name: one.name, transformation: one })));
  locationUtil.initialize({ config: { appSubUrl: '' }, getVariablesUrlParams: () => ({}), getTimeRangeForUrl: () => ({ from: '', to: '' }) });
}
