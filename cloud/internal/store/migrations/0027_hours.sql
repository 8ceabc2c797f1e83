-- +goose Up

-- When somebody answers its phone, in its own words: пн–пт 9:00–18:00.
ALTER TABLE organisations ADD COLUMN hours TEXT NOT NULL DEFAULT '';
