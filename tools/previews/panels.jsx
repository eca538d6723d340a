// Draws one panel of each type in use with Grafana's components, as the type's plugin does.
import {
  FieldType,
  applyFieldOverrides,
  cacheFieldDisplayNames,
  dateTime,
  getDisplayValueAlignmentFactors,
  getFieldDisplayName,
  getFieldDisplayValues,
} from '@grafana/data';
import { BarGauge, BigValue, PanelContextProvider, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

import { fieldConfig, fieldOptions } from './registry.js';
import { StateTimeline } from './timeline.jsx';

const TIME_ZONE = 'utc';
const DRAWN = { stat: Stat, bargauge: Bars, table: Table, timeseries: Lines, 'state-timeline': StateTimeline };

export function PanelBody(props) {
  const { panel, series, theme } = props;
  const config = fieldConfig(panel);
  const data = applyFieldOverrides({
    data: series,
    fieldConfig: config,
    fieldConfigRegistry: fieldOptions(panel.type),
    replaceVariables: (value) => value,
    theme,
    timeZone: TIME_ZONE,
  });
  cacheFieldDisplayNames(data);
  const Drawn = DRAWN[panel.type];
  const empty = data.every((frame) => frame.length === 0);
  if (empty && !['stat', 'bargauge'].includes(panel.type)) return <NoData {...props} />;
  return <Drawn {...props} config={config} data={data} options={panel.options} />;
}

/** Grafana's core shows the text in the middle of the panel. */
function NoData({ panel, theme }) {
  const style = { height: '100%', display: 'flex', alignItems: 'center', justifyContent: 'center', textAlign: 'center', padding: 16 };
  return <div style={{ ...style, fontSize: theme.typography.size.lg }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function display({ config, data, options, theme }) {
  const common = { fieldConfig: config, reduceOptions: options.reduceOptions, replaceVariables: (value) => value };
  return getFieldDisplayValues({ ...common, theme, data, timeZone: TIME_ZONE, sparkline: false });
}

function Stat(props) {
  const { options, width, height, theme, data } = props;
  const one = ({ value, alignmentFactors, orientation, width, height, count }) => (
    <BigValue
      {...{ alignmentFactors, count, width, height, theme }}
      value={value.display}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={options.textMode}
      wideLayout={options.wideLayout}
      parentOrientation={orientation}
      text={options.text}
    />
  );
  return (
    <VizRepeater
      {...{ width, height }}
      getValues={() => display(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={one}
      source={data}
      itemSpacing={3}
      orientation={options.orientation}
      autoGrid
    />
  );
}

function Bars(props) {
  const { options, width, height, theme, data } = props;
  const one = ({ value, alignmentFactors, orientation, width, height, count }) => (
    <BarGauge
      {...{ alignmentFactors, orientation, width, height, theme }}
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      text={options.text}
      itemSpacing={options.displayMode === 'lcd' ? 2 : 10}
      lcdCellWidth={options.displayMode === 'lcd' ? 12 : 0}
      displayMode={options.displayMode}
      showUnfilled={options.showUnfilled}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      isOverflow={false}
    />
  );
  return (
    <VizRepeater
      {...{ width, height }}
      getValues={() => display(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={one}
      source={data}
      itemSpacing={10}
      orientation={options.orientation}
      minVizWidth={options.minVizWidth}
      minVizHeight={options.minVizHeight}
      maxVizHeight={options.maxVizHeight}
    />
  );
}

function Table({ data, options, width, height, times }) {
  return (
    <TableNG
      {...{ width, height }}
      data={data[0]}
      noHeader={!options.showHeader}
      cellHeight={options.cellHeight}
      initialSortBy={options.sortBy}
      enablePagination={options.footer?.enablePagination}
      timeRange={timeRange(times)}
      fieldConfig={{ defaults: {}, overrides: [] }}
      structureRev={1}
    />
  );
}

function Lines({ data, options, width, height, times }) {
  const context = { eventBus: { publish() {}, getStream: () => ({ pipe: () => ({ subscribe: () => ({}) }) }) }, sync: () => 0, eventsScope: 'preview' };
  const named = data.map((frame) => ({ ...frame, fields: frame.fields.map((field) => ({ ...field, name: field.type === FieldType.time ? field.name : getFieldDisplayName(field, frame, data) })) }));
  return (
    <PanelContextProvider value={context}>
      <TimeSeries {...{ width, height, options }} frames={named} legend={options.legend} timeRange={timeRange(times)} timeZone={TIME_ZONE} structureRev={1} />
    </PanelContextProvider>
  );
}

function timeRange({ from, to }) {
  const range = { from: dateTime(from * 1000), to: dateTime(to * 1000) };
  return { ...range, raw: range };
}
