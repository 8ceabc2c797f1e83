-- +goose Up

-- What was chosen for the tills of an organisation is looked at with their lights.
CREATE INDEX till_settings_by_organisation ON till_settings (organisation_id);
